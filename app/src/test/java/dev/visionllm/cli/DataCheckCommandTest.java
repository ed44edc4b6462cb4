package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.image.ImageFiles;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DataCheckCommandTest {
  @TempDir Path dir;

  private Path instances(int lastWidth) throws Exception {
    Files.createDirectories(dir.resolve("pictures"));
    ImageFiles.writePng(
        new BufferedImage(6, 4, BufferedImage.TYPE_INT_RGB), dir.resolve("pictures/a.png"));
    String box = "{'id':%d,'image_id':1,'category_id':1,'bbox':[0,0,%d,2]}";
    return Files.writeString(
        dir.resolve("instances.json"),
        ("{'images':[{'id':1,'file_name':'a.png','width':6,'height':4}],'annotations':["
                + String.join(
                    ",",
                    box.formatted(1, 2),
                    box.formatted(2, lastWidth),
                    box.formatted(3, lastWidth))
                + "],'categories':[{'id':1,'name':'dog'}]}")
            .replace('\'', '"'));
  }

  private MainTest.Run check(Path file, String... more) {
    List<String> args = new ArrayList<>(List.of("data", "check", file.toString()));
    args.addAll(List.of("--images", dir.resolve("pictures").toString()));
    args.addAll(List.of(more));
    return MainTest.run(args.toArray(String[]::new));
  }

  @Test
  void cleanDataEndsWithZero() throws Exception {
    Path file = instances(2);
    MainTest.Run run = check(file);
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    assertThat(run.out().lines()).containsExactly(file + ": coco, 3 entries", "0 problems");
  }

  @Test
  void problemsAreListedAndCounted() throws Exception {
    Path file = instances(-2);
    MainTest.Run run = check(file, "--most", "1");
    assertThat(run.code()).isEqualTo(Main.FAILED);
    assertThat(run.out().lines())
        .containsExactly(
            file + ": coco, 1 entries",
            file
                + ": annotations[1] (id 2): bbox [0,0,-2,2] has no area: width and height must be"
                + " positive",
            "2 problems, the first 1 of them above");
    MainTest.Run json = check(file, "--json", "--format", "coco");
    assertThat(json.code()).isEqualTo(Main.FAILED);
    JsonNode report = JsonMapper.shared().readTree(json.out());
    assertThat(report.get("problems").asInt()).isEqualTo(2);
    assertThat(report.at("/first/1/at").asString()).isEqualTo("annotations[2] (id 3)");
    assertThat(report.at("/checked/0/entries").asInt()).isEqualTo(1);
  }

  @Test
  void badUsageEndsInOneLine() throws Exception {
    Path file = instances(2);
    assertBad(check(file, "--format", "yolo"), "coco-keypoints");
    assertBad(check(file, "--most", "-1"), "--most is -1");
    assertBad(check(dir.resolve("none.json")), "no such file or folder: " + dir + "/none.json");
    assertBad(check(dir.resolve("none.tar")), "no such file or folder: ");
    assertBad(check(dir.resolve("pictures")), "no data set that is recognised");
    assertBad(check(file, "--format", "edits"), "");
    assertBad(MainTest.run("data", "check"), "PATH");
  }

  private static void assertBad(MainTest.Run run, String says) {
    assertThat(run.code()).as(run.err()).isEqualTo(Main.BAD_INPUT);
    assertThat(run.err().strip().lines()).as(run.err()).hasSize(1);
    assertThat(run.err()).startsWith("visionllm: ").contains(says);
  }
}
