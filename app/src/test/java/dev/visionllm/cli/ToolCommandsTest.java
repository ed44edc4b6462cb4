package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.geometry.Rle;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** segment, ground, pose, generate and edit, end to end, with a tiny model of every tool. */
class ToolCommandsTest {
  @TempDir static Path shared;
  @TempDir Path dir;

  private static String model;
  private static String picture;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.assembly(shared.resolve("tiny")).toString();
    picture = TinyModel.NANO.resolve("demo").resolve("scene.png").toString();
  }

  private static MainTest.Run any(String... words) {
    List<String> args = new ArrayList<>(List.of(words));
    args.addAll(List.of("--model", model));
    return MainTest.run(args.toArray(String[]::new));
  }

  private static JsonNode json(String... words) {
    List<String> args = new ArrayList<>(List.of(words));
    args.add("--json");
    MainTest.Run run = any(args.toArray(String[]::new));
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    return JsonMapper.shared().readTree(run.out());
  }

  private static void refused(MainTest.Run run, String... parts) {
    assertThat(run.err()).contains(parts).doesNotContain("Exception");
    assertThat(run.err().strip().lines()).hasSize(1);
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
  }

  @Test
  void segmentGivesMasksInEveryForm() throws IOException {
    Path masks = dir.resolve("masks");
    Path labels = dir.resolve("labels");
    Path out = dir.resolve("out.png");
    JsonNode found =
        json(
            "segment",
            picture,
            "dog",
            "cat",
            "--masks",
            masks.toString(),
            "--labels",
            labels.toString(),
            "--out",
            out.toString());
    assertThat(found.get("detections")).isNotEmpty();
    JsonNode first = found.get("detections").get(0);
    Rle rle = Rle.parse(256, 256, first.get("mask").get("counts").asString());
    assertThat(first.get("mask").get("size").toString()).isEqualTo("[256,256]");
    Raster mask = ImageFiles.read(masks.resolve("scene-1.png"));
    int white = 0;
    for (int i = 0; i < 256 * 256; i++) {
      white += mask.pixel(i % 256, i / 256) == 0xffffff ? 1 : 0;
    }
    assertThat(white).isEqualTo(rle.area());
    assertThat(ImageFiles.read(labels.resolve("scene.png")).width()).isEqualTo(256);
    assertThat(ImageFiles.read(out).width()).isEqualTo(256);
  }

  @Test
  void picturesOfOneNameKeepTheirOwnMasks() throws IOException {
    Path other = dir.resolve("other").resolve("scene.png");
    Files.createDirectories(other.getParent());
    ImageFiles.writePng(Raster.filled(32, 16, 0x336699), other);
    Path labels = dir.resolve("labels");
    json("segment", picture, other.toString(), "dog", "--labels", labels.toString());
    assertThat(ImageFiles.read(labels.resolve("scene-1.png")).width()).isEqualTo(256);
    assertThat(ImageFiles.read(labels.resolve("scene-2.png")).width()).isEqualTo(32);
  }

  @Test
  void segmentTakesRegions() {
    JsonNode found =
        json("segment", picture, "--region", "point:30,40", "--region", "box:1,1,250,250");
    assertThat(found.get("detections")).hasSize(2);
    assertThat(found.get("threshold").asDouble()).isZero();
    String nano = TinyModel.NANO.toString();
    MainTest.Run unsure =
        MainTest.run("segment", picture, "--region", "point:123,60", "--model", nano);
    assertThat(unsure.out()).contains("region 1");
    refused(any("segment", picture), "either classes", "--region");
    refused(any("segment", picture, "dog", "--region", "point:3,4"), "either classes");
    refused(any("segment", picture, "--region", "point:3000,4"), "3000");
  }

  @Test
  void everyToolRunsInHalfTheMemory() {
    String out = dir.resolve("half.png").toString();
    json("ask", picture, "What?", "--max-tokens", "4", "--dtype", "bf16");
    assertThat(json("segment", picture, "dog", "--dtype", "bf16").get("detections")).isNotEmpty();
    assertThat(json("pose", picture, "person", "--dtype", "bf16").get("detections")).isNotEmpty();
    json("generate", "a cat", "--out", out, "--steps", "2", "--dtype", "bf16");
    json("edit", picture, "red", "--out", out, "--steps", "2", "--dtype", "bf16");
    assertThat(Path.of(out)).isNotEmptyFile();
  }

  @Test
  void groundFindsOneObjectPerExpression() {
    JsonNode found = json("ground", picture, "the dog", "the red cat on the left");
    assertThat(found.get("detections")).hasSize(2);
    assertThat(found.get("detections").get(0).get("mask").has("counts")).isTrue();
    refused(any("ground", picture), "expression");
  }

  @Test
  void poseNamesKeypoints() throws IOException {
    JsonNode found =
        json(
            "pose",
            picture,
            "person",
            "--coco",
            dir.resolve("coco").toString(),
            "--openpose",
            dir.resolve("open").toString(),
            "--out",
            dir.resolve("out.png").toString());
    JsonNode first = found.get("detections").get(0);
    assertThat(first.get("set").asString()).isEqualTo("coco");
    assertThat(first.get("keypoints").get("left knee")).hasSize(2);
    JsonNode coco =
        JsonMapper.shared().readTree(Files.readString(dir.resolve("coco").resolve("scene.json")));
    assertThat(coco.get("annotations")).hasSameSizeAs(found.get("detections"));
    assertThat(dir.resolve("open").resolve("scene_keypoints.json")).isNotEmptyFile();
    JsonNode own = json("pose", picture, "heron", "--keypoints", "beak, left wing");
    assertThat(own.get("detections").get(0).get("keypoints")).hasSize(2);
    refused(any("pose", picture, "teapot"), "teapot", "--keypoints");
    refused(any("pose", picture, "person", "--keypoints", "none"), "none", "coco");
  }

  @Test
  void generateWritesPicturesThatSayHowTheyWereMade() throws IOException {
    Path out = dir.resolve("made.png");
    Path preview = dir.resolve("preview.png");
    JsonNode made =
        json(
            "generate",
            "a cat",
            "--out",
            out.toString(),
            "--steps",
            "3",
            "--images",
            "2",
            "--seed",
            "7",
            "--size",
            "24x16",
            "--negative",
            "dogs",
            "--schedule",
            "ddim",
            "--preview",
            preview.toString());
    assertThat(made).hasSize(2);
    Path second = Path.of(made.get(1).get("out").asString());
    assertThat(second).hasFileName("made-2.png");
    assertThat(ImageFiles.texts(second))
        .containsEntry("prompt", "a cat")
        .containsEntry("negative prompt", "dogs")
        .containsEntry("seed", "8")
        .containsEntry("model", "tiny");
    assertThat(ImageFiles.read(second).width()).isEqualTo(24);
    assertThat(ImageFiles.read(second).height()).isEqualTo(16);
    assertThat(preview).isNotEmptyFile();
    refused(any("generate", " ", "--out", out.toString()), "words are empty");
    refused(any("generate", "a", "--out", out.toString(), "--size", "big"), "--size is big");
    refused(any("generate", "a", "--out", out.toString(), "--size", "9x9"), "multiples");
    refused(any("generate", "a", "--out", out.toString(), "--steps", "0"), "steps is 0");
  }

  @Test
  void editKeepsThePicturesShape() throws IOException {
    Path out = dir.resolve("edited.png");
    Path wide = dir.resolve("wide.png");
    ImageFiles.writePng(Raster.filled(32, 16, 0x336699), wide);
    json("edit", wide.toString(), "make it red", "--out", out.toString(), "--steps", "2");
    Raster edited = ImageFiles.read(out);
    assertThat(edited.width()).isEqualTo(2 * edited.height());
    refused(any("edit", wide.toString(), "a", "--out", wide.toString()), "overwrite");
  }

  @Test
  void modelsWithoutAToolSaySo() throws IOException {
    String nano = TinyModel.NANO.toString();
    String detector = TinyModel.write(dir.resolve("detector")).toString();
    String out = dir.resolve("a.png").toString();
    refused(MainTest.run("generate", "a cat", "--out", out, "--model", detector), "use_sd");
    refused(MainTest.run("edit", picture, "a", "--out", out, "--model", detector), "use_ip2p");
    refused(MainTest.run("pose", picture, "person", "--model", detector), "use_unipose");
    assertThat(MainTest.run("segment", picture, "dog", "--model", nano).code()).isEqualTo(Main.OK);
  }
}
