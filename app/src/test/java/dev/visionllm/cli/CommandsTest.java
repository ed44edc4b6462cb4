package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** ask, detect, chat and demo, end to end, with a tiny model whose words mean nothing. */
class CommandsTest {
  @TempDir static Path shared;
  @TempDir Path dir;

  private static String model;
  private static String picture;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(shared.resolve("tiny")).toString();
    picture = TinyModel.NANO.resolve("demo").resolve("scene.png").toString();
  }

  private static MainTest.Run run(String... words) {
    List<String> args = new ArrayList<>(List.of(words));
    args.addAll(List.of("--model", model));
    MainTest.Run run = MainTest.run(args.toArray(String[]::new));
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    return run;
  }

  private static JsonNode json(MainTest.Run run) {
    return JsonMapper.shared().readTree(run.out());
  }

  @Test
  void askAnswersTheSameForTheSameSeed() {
    String[] drawn = {
      "ask",
      picture,
      "What is this?",
      "--json",
      "--max-tokens",
      "8",
      "--temperature",
      "1",
      "--top-p",
      "0.9",
      "--top-k",
      "50",
      "--seed",
      "5"
    };
    JsonNode first = json(run(drawn));
    assertThat(first.get("answer").isString()).isTrue();
    assertThat(first.get("detections").isArray()).isTrue();
    assertThat(first.get("image").asString()).isEqualTo(picture);
    assertThat(json(run(drawn))).isEqualTo(first);
    drawn[drawn.length - 1] = "6";
    assertThat(json(run(drawn)).get("answer")).isNotEqualTo(first.get("answer"));
  }

  @Test
  void askTakesRegionsPicturesAndBeams() throws IOException {
    Path mask = dir.resolve("mask.png");
    byte[] white = new byte[3 * 256 * 256];
    java.util.Arrays.fill(white, 0, 3 * 256 * 40, (byte) 255);
    ImageFiles.writePng(new Raster(256, 256, white), mask);
    JsonNode one =
        json(
            run(
                "ask",
                picture,
                picture,
                "Is <region> like <region>, <region> or <region>?",
                "--region",
                "box:10,20,90,120",
                "--region",
                "point:30,40",
                "--region",
                "scribble:5,5;50,60",
                "--region",
                "mask:" + mask,
                "--json",
                "--max-tokens",
                "3"));
    assertThat(one.get("images")).hasSize(2);
    assertThat(one.get("regions")).hasSize(4);
    String answer = run("ask", picture, "What?", "--beams", "3", "--max-tokens", "4").out();
    assertThat(answer).isNotBlank();
  }

  @Test
  void askSaysThatNothingIsDrawnWithoutBoxes() {
    Path out = dir.resolve("none.png");
    String said = run("ask", picture, "What?", "--max-tokens", "1", "--out", out.toString()).out();
    assertThat(said).contains("nothing to show");
    assertThat(out).doesNotExist();
  }

  @Test
  void detectGivesBoxesInPixelsAndDrawsThem() throws IOException {
    Path out = dir.resolve("found.png");
    JsonNode found =
        json(
            run(
                "detect",
                picture,
                "dog",
                "cat",
                "traffic light",
                "bus",
                "car",
                "--threshold",
                "0",
                "--out",
                out.toString(),
                "--json"));
    assertThat(found.get("classes")).hasSize(5);
    assertThat(found.get("detections").size()).isPositive();
    double last = 1;
    for (JsonNode d : found.get("detections")) {
      assertThat(d.get("box")).hasSize(4).allMatch(v -> v.asDouble() >= 0 && v.asDouble() <= 256);
      assertThat(d.get("score").asDouble()).isBetween(0.0, last);
      last = d.get("score").asDouble();
      assertThat(d.get("label").asString()).isIn("dog", "cat", "traffic light", "bus", "car");
    }
    Raster drawn = ImageFiles.read(out);
    assertThat(drawn.width()).isEqualTo(256);
    assertThat(drawn.rgb()).isNotEqualTo(ImageFiles.read(Path.of(picture)).rgb());
  }

  @Test
  void detectInSeveralPictures() {
    Path out = dir.resolve("found.png");
    String[] words = {"detect", picture, picture, "dog", "--threshold", "0", "--out", "" + out};
    assertThat(run(words).out())
        .contains(picture, "found-2.png")
        .containsPattern("\\[ *[0-9.]+, +[0-9.]+, +[0-9.]+, +[0-9.]+]  0\\.\\d\\d  dog");
    assertThat(dir.resolve("found-1.png")).exists();
    assertThat(run("detect", picture, "dog", "--threshold", "1").out()).contains("nothing found");
    assertThat(json(run("detect", picture, picture, "dog", "--json"))).hasSize(2);
  }

  /** Runs chat with these lines as its input. */
  private static MainTest.Run chat(String lines, String... words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    List<String> args = new ArrayList<>(List.of("chat", "--model", model, "--max-tokens", "3"));
    args.addAll(List.of(words));
    var in = new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8));
    int code =
        Main.run(
            List.of(new ChatCommand(in)),
            new PrintWriter(out),
            new PrintWriter(err),
            args.toArray(String[]::new));
    return new MainTest.Run(code, out.toString(), err.toString());
  }

  @Test
  void chatRemembersItsTurns() {
    MainTest.Run run = chat("What is this?\n\nWhat else?\n/quit\nnever asked\n", picture, "--json");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    assertThat(run.out()).contains("What is this?", "What else?").doesNotContain("never");
    MainTest.Run marked =
        chat("/image " + picture + "\n/region box:1,1,50,60\nWhat is <region>?\nAnd now?\n");
    assertThat(marked.err()).isEmpty();
    assertThat(marked.out().lines()).hasSize(2);
  }

  @Test
  void chatGoesOnAfterABadLine() {
    MainTest.Run run =
        chat("/image none.png\n/region box:1,1,2,2\n/nonsense\nWho are you?\n", "--json");
    assertThat(run.err().lines()).hasSize(3).allMatch(l -> l.startsWith("visionllm: "));
    assertThat(run.err()).contains("none.png", "no picture to mark", "/nonsense");
    assertThat(run.out()).contains("Who are you?");
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
  }

  @Test
  void demo() throws IOException {
    System.setProperty("visionllm.home", "..");
    try {
      Path out = dir.resolve("new").resolve("folder");
      String said = run("demo", "--out", out.toString()).out();
      assertThat(said).contains("Q: What is in this picture?", "A: ", "the apple:", "demo.png");
      Raster sheet = ImageFiles.read(out.resolve("demo.png"));
      assertThat(sheet.width()).isEqualTo(4 * 16 + 3 * 256);
      assertThat(sheet.height()).isGreaterThan(2 * 256);
      JsonNode shown = json(run("demo", "--out", out.toString(), "--json"));
      assertThat(shown.get("answers")).hasSize(3);
      assertThat(Files.exists(Path.of(shown.get("out").asString()))).isTrue();
    } finally {
      System.clearProperty("visionllm.home");
    }
  }
}
