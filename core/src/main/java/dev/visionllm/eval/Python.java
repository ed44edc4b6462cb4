package dev.visionllm.eval;

import java.util.ArrayList;
import java.util.List;

/** String methods of Python that the reference scripts rely on and Java's do not equal. */
final class Python {
  private Python() {}

  /** str.split(): parts between runs of white space. */
  static List<String> split(String text) {
    var out = new ArrayList<String>();
    int begin = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || isSpace(text.charAt(i))) {
        if (i > begin) {
          out.add(text.substring(begin, i));
        }
        begin = i + 1;
      }
    }
    return out;
  }

  /** str.strip(). */
  static String strip(String text) {
    int begin = 0, end = text.length();
    while (begin < end && isSpace(text.charAt(begin))) {
      begin++;
    }
    while (begin < end && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(begin, end);
  }

  /** str.isspace() of one character. */
  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || c == '\u0085' || Character.isSpaceChar(c);
  }
}
