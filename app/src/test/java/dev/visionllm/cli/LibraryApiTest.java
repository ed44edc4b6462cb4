package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example is a source file that the build compiles, and it runs. */
class LibraryApiTest {
  @TempDir Path dir;

  @Test
  void readmeShowsTheExample() throws Exception {
    Path source = Path.of("src/test/java/dev/visionllm/cli/ReadmeExample.java");
    String code = Files.readString(source);
    String shown = code.substring(code.indexOf("import ")).strip();
    assertThat(Files.readString(Path.of("..", "README.md")))
        .contains("```java\n" + shown + "\n```\n");
  }

  @Test
  void exampleRuns() throws Exception {
    Path model = TinyModel.write(dir.resolve("tiny"));
    String picture = TinyModel.NANO.resolve("demo").resolve("scene.png").toString();
    PrintStream out = System.out;
    var printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      ReadmeExample.main(new String[] {model.toString(), picture});
    } finally {
      System.setOut(out);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8)).isNotEmpty();
  }
}
