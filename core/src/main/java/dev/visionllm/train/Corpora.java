package dev.visionllm.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Sources' folders, read once where several sources ask about them. */
final class Corpora {
  private final Map<List<Path>, Corpus> read = new HashMap<>();

  Corpus of(Source s) throws IOException {
    Corpus known = read.get(s.folders());
    if (known == null) {
      known = Corpus.read(s.folders());
      read.put(s.folders(), known);
    }
    return known;
  }
}
