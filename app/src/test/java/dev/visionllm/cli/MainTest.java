package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MainTest {
  @TempDir Path dir;

  /** What one run of the command line did. */
  record Run(int code, String out, String err) {}

  /** A command that fails as told. */
  @Command(name = "boom", mixinStandardHelpOptions = true)
  static final class Boom extends CliCommand {
    private final Callable<Integer> body;

    Boom(Callable<Integer> body) {
      this.body = body;
    }

    @Override
    public Integer call() throws Exception {
      return body.call();
    }
  }

  static Run run(String... args) {
    return run(Main.commands(), args);
  }

  private static Run run(List<Object> commands, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.run(commands, new PrintWriter(out), new PrintWriter(err), args);
    return new Run(code, out.toString(), err.toString());
  }

  private static Run boom(Callable<Integer> body, String... args) {
    List<String> all = new ArrayList<>(List.of("boom"));
    all.addAll(List.of(args));
    return run(List.of(new Boom(body)), all.toArray(String[]::new));
  }

  /** Exit code 2, nothing on stdout, one line on stderr that says this. */
  static void assertBadInput(Run run, String... says) {
    assertThat(run.err.strip().lines()).as(run.err).hasSize(1);
    assertThat(run.err).startsWith("visionllm: ").contains(says).doesNotContain("Exception");
    assertThat(run.out).isEmpty();
    assertThat(run.code).isEqualTo(Main.BAD_INPUT);
  }

  @TestFactory
  Stream<DynamicTest> everyCommandHasHelpWithExamples() {
    CommandLine root = new CommandLine(new Main.Root());
    Main.commands().forEach(root::addSubcommand);
    List<CommandLine> all = new ArrayList<>(List.of(root));
    for (int i = 0; i < all.size(); i++) {
      all.addAll(all.get(i).getSubcommands().values());
    }
    return all.stream()
        .map(c -> c.getCommandSpec().qualifiedName())
        .map(
            name ->
                DynamicTest.dynamicTest(
                    name,
                    () -> {
                      List<String> args = new ArrayList<>(List.of(name.split(" ")));
                      args.remove(0);
                      args.add("--help");
                      Run run = run(args.toArray(String[]::new));
                      assertThat(run.code).isZero();
                      assertThat(run.err).isEmpty();
                      assertThat(run.out).contains("Usage: " + name, "Examples:", "  visionllm ");
                    }));
  }

  @Test
  void version() {
    Run run = run("--version");
    assertThat(run.code).isZero();
    assertThat(run.out).startsWith("visionllm ");
  }

  @Test
  void badUsage() {
    assertBadInput(run(), "no command given");
    assertBadInput(run("model"), "no command given after model");
    assertBadInput(run("docter"), "docter", "did you mean", "doctor", "--help");
    assertBadInput(run("doctor", "--jsn"), "--jsn");
    assertBadInput(run("doctor", "extra"), "extra");
    assertBadInput(run("model", "info", "a", "b"), "b");
    assertBadInput(run("doctor", "--model"), "--model");
    assertBadInput(run(""), "visionllm --help");
  }

  @Test
  void exitCodesOfFailures() {
    assertBadInput(boom(() -> raise(new IllegalArgumentException("box is odd"))), "box is odd");
    assertBadInput(boom(() -> raise(new IOException("disk is full"))), "disk is full");
    assertBadInput(
        boom(() -> raise(new NoSuchFileException("a.png"))), "no such file or folder: a.png");
    assertBadInput(
        boom(() -> raise(new UncheckedIOException(new NoSuchFileException("a.png")))),
        "no such file or folder: a.png");
    assertBadInput(
        boom(() -> JsonMapper.builder().build().readTree("{\"a\": ").size()), "malformed JSON");
    assertThat(boom(() -> Main.FAILED).code).isEqualTo(Main.FAILED);
    assertThat(boom(() -> Main.OK)).isEqualTo(new Run(Main.OK, "", ""));
  }

  @Test
  void failuresThatAreNotTheUsersFault() {
    Run memory =
        boom(
            () -> {
              throw new OutOfMemoryError("Java heap space");
            });
    assertThat(memory.code).isEqualTo(Main.FAILED);
    assertThat(memory.err.lines()).hasSize(1);
    assertThat(memory.err).contains("out of memory (Java heap space)", "-Xmx");

    Run engine =
        boom(() -> raise(new RuntimeException("sizes do not match\nframe #0: c10::Error ...")));
    assertThat(engine.code).isEqualTo(Main.FAILED);
    assertThat(engine.err.lines()).hasSize(1);
    assertThat(engine.err).contains("internal error: sizes do not match").doesNotContain("frame");
    assertThat(boom(() -> raise(new IllegalStateException())).err).contains("no details");
  }

  @Test
  void stackTraceOnlyWithDebug() {
    Callable<Integer> body = () -> raise(new IllegalArgumentException("box is odd"));
    assertThat(boom(body).err).doesNotContain("\tat ");
    assertThat(boom(body, "--debug").err).contains("box is odd", "\tat ");
  }

  @Test
  void doctorAsJson() {
    Run run = run("doctor", "--json", "--model", dir.toString());
    JsonNode report = JsonMapper.builder().build().readTree(run.out);
    assertThat(run.err).isEmpty();
    assertThat(run.code).as("no model in an empty folder").isEqualTo(Main.FAILED);
    assertThat(report.get("ok").asBoolean()).isFalse();
    for (JsonNode check : report.get("checks")) {
      assertThat(check.get("ok").asBoolean())
          .as(check.toString())
          .isEqualTo(!check.get("name").asString().equals("model"));
    }
    assertThat(report.get("checks").toString()).contains("libtorch", "kernels");
  }

  @Test
  void modelInfo() throws IOException {
    config();
    write(
        "model.safetensors",
        """
        {"llm.a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},
        "llm.b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]},
        "gdino.c":{"dtype":"F32","shape":[1],"data_offsets":[20,24]}}\
        """,
        24);
    Run text = run("model", "info", dir.toString());
    assertThat(text.err).isEmpty();
    assertThat(text.code).isZero();
    assertThat(text.out)
        .contains("BF16 F32", "will not load", "\"vis_encoder_config\" is missing")
        .containsPattern("total +3 +7 +0.0 kB +0.0 kB");

    Run json = run("model", "info", dir.toString(), "--json");
    JsonNode info = JsonMapper.builder().build().readTree(json.out);
    assertThat(info.get("parameters").asInt()).isEqualTo(7);
    assertThat(info.get("bytes").asInt()).isEqualTo(24);
    assertThat(info.at("/parts/1/name").asString()).isEqualTo("llm");
    assertThat(info.at("/parts/1/fp32").asInt()).isEqualTo(4 * 6);
    assertThat(info.at("/parts/1/half").asInt()).isEqualTo(2 * 6);
    assertThat(info.at("/parts/1/formats/BF16").asInt()).isEqualTo(2);
  }

  @Test
  void modelFolderTrouble() throws IOException {
    assertBadInput(run("model", "info", dir + "/none"), "none does not exist", "config.json");
    Path file = Files.writeString(dir.resolve("file"), "x");
    assertBadInput(run("model", "info", file.toString()), "is a file");
    assertBadInput(run("model", "info", dir.toString()), "no config.json");
    config();
    assertBadInput(run("model", "info", dir.toString()), "holds no weights", "model.safetensors");
    String one = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
    write("model.safetensors", one, 1);
    write("m2.safetensors", one, 1);
    Files.writeString(
        dir.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"a\": \"m2.safetensors\"}}");
    assertBadInput(run("model", "info", dir.toString()), "holds both model.safetensors and");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text, not a safetensors file",
        "{\"a\":",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}",
      })
  void modelWithBadHeader(String header) throws IOException {
    config();
    Path file = dir.resolve("model.safetensors");
    if (header.startsWith("{")) {
      write("model.safetensors", header, 4);
    } else {
      Files.writeString(file, header);
    }
    assertBadInput(run("model", "info", dir.toString()), "model.safetensors");
  }

  private static int raise(Exception e) throws Exception {
    throw e;
  }

  private void config() throws IOException {
    Files.writeString(dir.resolve("config.json"), "{}");
  }

  private void write(String name, String header, int bytes) throws IOException {
    byte[] json = header.replace("\n", "").getBytes(StandardCharsets.UTF_8);
    ByteBuffer all = ByteBuffer.allocate(8 + json.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    all.putLong(json.length).put(json);
    Files.write(dir.resolve(name), all.array());
  }
}
