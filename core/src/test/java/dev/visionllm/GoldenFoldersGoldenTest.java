package dev.visionllm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Says which golden folders exist that no golden test knows. */
class GoldenFoldersGoldenTest {
  @Test
  void listsUnknownFolders() throws IOException {
    try (Stream<Path> all = Files.list(Golden.root())) {
      List<String> unknown =
          all.filter(Files::isDirectory)
              .filter(d -> Arrays.stream(Golden.Kind.values()).noneMatch(k -> k.knows(d)))
              .map(d -> d.getFileName().toString())
              .sorted()
              .toList();
      unknown.forEach(u -> System.out.println("golden folder not known to any test: " + u));
      if (System.getProperty("goldens", "").isEmpty()) {
        assertThat(unknown).as("the repo's own goldens are all checked").isEmpty();
      }
    }
  }
}
