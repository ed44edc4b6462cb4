package dev.visionllm.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipVocabularyTest {
  private static final List<String> TEXTS =
      List.of("Two dogs and a cat.", "the dog, a caf\u00e9 and two cats", "dogs: 12");

  @Test
  void everyWordOfTheTextsIsOneToken(@TempDir Path dir) throws IOException {
    ClipVocabulary vocabulary = ClipVocabulary.of(TEXTS);
    vocabulary.write(dir);
    ClipTokenizer tokenizer = ClipTokenizer.read(dir);
    for (String text : TEXTS) {
      assertThat(tokenizer.count(text)).as(text).isEqualTo(vocabulary.length(text) - 2);
    }
    int end = vocabulary.tokens().size() - 1;
    assertThat(tokenizer.encode("", 3)).containsExactly(end - 1, end, end);
    assertThat(tokenizer.encode("cat", 3)[1]).isNotEqualTo(tokenizer.encode("cats", 3)[1]);
    assertThat(tokenizer.count("catdog")).isGreaterThan(1);
    assertThat(tokenizer.count("\u6f22")).isEqualTo(3); // bytes
  }

  @Test
  void theOrderOfTheTextsDoesNotMatter() {
    List<String> other = List.of(TEXTS.get(2), TEXTS.get(0), TEXTS.get(1));
    assertThat(ClipVocabulary.of(other)).isEqualTo(ClipVocabulary.of(TEXTS));
  }
}
