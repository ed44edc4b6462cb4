package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RecipesTest {
  @Test
  void shippedRecipesAreReadAndNameFilesOfTheRepository() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(Path.of("../recipes"))) {
      files = all.filter(f -> f.toString().endsWith(".yaml")).toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(4);
    for (Path file : files) {
      Recipe r = Recipe.read(file);
      assertThat(r.model()).as("model of %s", file).isDirectory();
      assertThat(r.saveEvery()).as("save_every of %s", file).isLessThanOrEqualTo(r.steps());
    }
  }
}
