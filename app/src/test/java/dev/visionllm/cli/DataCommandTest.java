package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.LlavaDataset;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DataCommandTest {
  @TempDir Path dir;
  private Path sources;

  @BeforeEach
  void cutouts() throws Exception {
    sources = Files.createDirectories(dir.resolve("sources"));
    for (String name : new String[] {"apple", "dog", "bus"}) {
      BufferedImage b = new BufferedImage(32, 32, BufferedImage.TYPE_INT_ARGB);
      Graphics2D g = b.createGraphics();
      g.setColor(name.equals("dog") ? Color.ORANGE : Color.BLUE);
      g.fillOval(2, 2, 28, name.equals("bus") ? 12 : 28);
      g.dispose();
      ImageIO.write(b, "png", sources.resolve(name + ".png").toFile());
    }
  }

  @Test
  void scenesWritesTheStandardFormats() throws Exception {
    Path out = dir.resolve("out");
    MainTest.Run run =
        MainTest.run(
            "data",
            "scenes",
            "--sources",
            sources + "," + sources,
            "--count",
            "12",
            "--seed",
            "3",
            "--out",
            out.toString(),
            "--size",
            "96x64",
            "--maps",
            "--no-refs",
            "--json");
    assertThat(run.err()).isEmpty();
    assertThat(out.resolve("semantic/000000.png")).exists();
    assertThat(out.resolve("refs.json")).doesNotExist();
    assertThat(run.code()).isEqualTo(Main.OK);
    JsonNode json = JsonMapper.shared().readTree(run.out());
    assertThat(json.get("pictures").asInt()).isEqualTo(12);
    assertThat(json.get("classes").asInt()).isEqualTo(3);
    CocoDataset data = CocoDataset.read(out.resolve("instances.json"));
    assertThat(data.pictures()).hasSize(12).allMatch(p -> p.width() == 96 && p.height() == 64);
    assertThat(data.pictures()).allMatch(p -> Files.exists(out.resolve(p.file())));
    int dialogues = LlavaDataset.read(out.resolve("conversations.jsonl")).size();
    assertThat(json.get("dialogues").values().stream().mapToInt(JsonNode::asInt).sum())
        .isEqualTo(dialogues);
  }

  @Test
  void figuresWritesKeypoints() throws Exception {
    Path out = dir.resolve("figures");
    MainTest.Run run =
        MainTest.run(
            "data",
            "figures",
            "--kinds",
            "animal,face",
            "--count",
            "6",
            "--seed",
            "3",
            "--out",
            out.toString(),
            "--size",
            "96x64",
            "--json");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(Main.OK);
    JsonNode json = JsonMapper.shared().readTree(run.out());
    assertThat(json.get("pictures").asInt()).isEqualTo(6);
    assertThat(json.get("figures").has("person")).isFalse();
    assertThat(json.get("visible").asLong()).isPositive();
    assertThat(MainTest.run("data", "check", out.toString()).code()).isEqualTo(Main.OK);
    assertBad(
        "nowhere",
        "data",
        "figures",
        "--count",
        "1",
        "--seed",
        "1",
        "--motion",
        dir.resolve("nowhere").toString(),
        "--out",
        dir.resolve("none").toString());
    assertBad(
        "nowhere",
        "data",
        "fetch",
        "motion",
        "--from",
        dir.resolve("nowhere").toString(),
        "--out",
        dir.resolve("none").toString());
    assertBad(
        "--from is for motion",
        "data",
        "fetch",
        "nano",
        "--from",
        dir.toString(),
        "--out",
        dir.resolve("none").toString());
  }

  @Test
  void editsAndInContextSamplesAreMade() throws Exception {
    Path pairs = dir.resolve("pairs");
    MainTest.Run edits =
        MainTest.run(
            ("data edits --sources "
                    + sources
                    + " --count 6 --seed 1 --size 64 --json --out "
                    + pairs)
                .split(" "));
    assertThat(edits.err()).isEmpty();
    assertThat(JsonMapper.shared().readTree(edits.out()).get("pairs").asInt()).isEqualTo(6);
    assertThat(pairs.resolve("edits/0000005/5_1.png")).exists();
    Path scenes = dir.resolve("scenes");
    String made = "data scenes --sources " + sources + " --count 12 --seed 3 --size 64 --out ";
    assertThat(MainTest.run((made + scenes).split(" ")).code()).isEqualTo(Main.OK);
    Path mmic = dir.resolve("mmic");
    String coco = "data mmic --coco " + scenes + "/instances.json --seed 1 --images ";
    MainTest.Run run = MainTest.run((coco + scenes + " --count 8 --json --out " + mmic).split(" "));
    assertThat(run.err()).isEmpty();
    assertThat(JsonMapper.shared().readTree(run.out()).get("samples").asInt()).isEqualTo(8);
    assertThat(LlavaDataset.read(mmic.resolve("mmic.jsonl"))).hasSize(8);
    MainTest.Run check = MainTest.run("data", "check", pairs.toString(), mmic.toString());
    assertThat(check.code()).as(check.out()).isEqualTo(Main.OK);
    Path words = dir.resolve("words");
    run = MainTest.run("model", "words", "--data", scenes + "," + pairs, "--out", words.toString());
    assertThat(run.code()).as(run.err()).isEqualTo(Main.OK);
    assertThat(run.out()).contains("tokens, at most");
    assertThat(Files.readString(words.resolve("vocab.json"))).contains("\"picture</w>\"");
    String out = dir.resolve("out").toString();
    assertBad("has neither captions", "model", "words", "--data", sources.toString(), "--out", out);
    assertBad(
        "--large goes with neither",
        (made.replace("--size 64", "--large --crowd 2-4") + out).split(" "));
    assertBad("nowhere", (coco + dir + "/nowhere --count 1 --out " + out).split(" "));
    assertBad(
        "explode",
        ("data edits --kinds explode --count 1 --seed 1 --sources " + sources + " --out " + out)
            .split(" "));
  }

  @Test
  void badInputEndsInOneLine() throws Exception {
    String out = dir.resolve("out").toString();
    assertBad(
        "nowhere",
        "data",
        "scenes",
        "--sources",
        dir.resolve("nowhere").toString(),
        "--count",
        "1",
        "--seed",
        "1",
        "--out",
        out);
    assertBad(
        "12by9",
        "data",
        "scenes",
        "--sources",
        sources.toString(),
        "--count",
        "1",
        "--seed",
        "1",
        "--out",
        out,
        "--size",
        "12by9");
    assertBad(
        "not positive",
        "data",
        "scenes",
        "--sources",
        sources.toString(),
        "--count",
        "0",
        "--seed",
        "1",
        "--out",
        out);
    assertBad(
        "not empty",
        "data",
        "scenes",
        "--sources",
        sources.toString(),
        "--count",
        "1",
        "--seed",
        "1",
        "--out",
        sources.toString());
    assertBad("--sources", "data", "scenes", "--count", "1", "--seed", "1", "--out", out);
    assertBad(
        "install Node.js",
        "data",
        "fetch",
        "nano",
        "--out",
        out,
        "--npm",
        "npm-that-does-not-exist");
    assertBad("mega", "data", "fetch", "mega", "--out", out);
    assertBad("no command given", "data");
  }

  private static void assertBad(String says, String... args) {
    MainTest.Run run = MainTest.run(args);
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(run.err().strip().lines()).as(run.err()).hasSize(1);
    assertThat(run.err()).startsWith("visionllm: ").contains(says);
    assertThat(run.out()).isEmpty();
  }
}
