package dev.visionllm.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
  @TempDir Path dir;

  private static void write(Path file, String text) throws IOException {
    AtomicFile.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void writesAndReplaces() throws IOException {
    Path file = dir.resolve("a.txt");
    write(file, "first, longer");
    write(file, "second");
    assertThat(file).hasContent("second");
    assertThat(dir).isDirectoryContaining(p -> p.equals(file)).isNotEmptyDirectory();
    try (var all = Files.list(dir)) {
      assertThat(all).containsExactly(file);
    }
  }

  @Test
  void aFailureLeavesTheFormerContentAndNoRest() throws IOException {
    Path file = dir.resolve("a.txt");
    write(file, "first");
    assertThatThrownBy(
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      out.write(new byte[1 << 20]);
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(file).hasContent("first");
    try (var all = Files.list(dir)) {
      assertThat(all).containsExactly(file);
    }
  }

  @Test
  void aMissingFolderIsAnError() {
    Path file = dir.resolve("no/a.txt");
    assertThatThrownBy(() -> write(file, "x")).isInstanceOf(NoSuchFileException.class);
  }
}
