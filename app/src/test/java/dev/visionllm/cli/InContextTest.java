package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.train.Metrics;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In-context samples from their pictures to a measured model. */
class InContextTest {
  private static final int STEPS = 30;

  @TempDir Path dir;
  private Path recipe;

  @BeforeEach
  void samples() throws Exception {
    Path sources = Files.createDirectories(dir.resolve("sources"));
    Map<String, Color> colours = Map.of("apple", Color.RED, "dog", Color.ORANGE, "bus", Color.BLUE);
    for (Map.Entry<String, Color> c : colours.entrySet()) {
      BufferedImage b = new BufferedImage(32, 32, BufferedImage.TYPE_INT_ARGB);
      Graphics2D g = b.createGraphics();
      g.setColor(c.getValue());
      g.fillOval(2, 2, 28, c.getKey().equals("bus") ? 12 : 28);
      g.dispose();
      ImageIO.write(b, "png", sources.resolve(c.getKey() + ".png").toFile());
    }
    run(
        "data scenes --count 12 --seed 3 --size 64 --sources "
            + sources
            + " --out "
            + dir
            + "/scenes");
    run(
        "data mmic --coco %1$s/scenes/instances.json --images %1$s/scenes --count 12 --seed 1"
                .formatted(dir)
            + " --out "
            + dir
            + "/mmic");
    recipe = dir.resolve("tiny.yaml");
    Files.writeString(
        recipe,
        """
        model: "%s"
        objective: linked
        data: [{task: in-context, folders: [mmic], max_tiles: 1}]
        train: ["llm.*", "vl_bridge.*", "emb_embeddings_det.*", "gdino.*"]
        steps: %d
        batch: 4
        lr: 1.0e-2
        seed: 1
        evaluate: {every: %2$d, suites: [in_context], data: mmic}
        """
            .formatted(Path.of("../core/src/test/resources/tiny-model").toAbsolutePath(), STEPS));
  }

  private static MainTest.Run run(String words) {
    MainTest.Run run = MainTest.run(words.split(" "));
    assertThat(run.code()).as(run.err()).isEqualTo(Main.OK);
    return run;
  }

  @Test
  void theyAreLearntAndMeasured() throws Exception {
    run("data check " + dir.resolve("mmic"));
    assertThat(run("train " + recipe + " --dry-run").out()).contains("over 12 samples");
    run("train " + recipe + " --out " + dir + "/run");
    Metrics metrics = Metrics.open(dir.resolve("run"), STEPS);
    List<Double> losses =
        metrics.lines().stream().map(l -> l.step().parts().get("language")).toList();
    System.out.println("language losses " + losses);
    assertThat(mean(losses.subList(STEPS - 3, STEPS))).isLessThan(0.6 * mean(losses.subList(0, 3)));
    assertThat(metrics.lines()).anyMatch(l -> l.step().parts().containsKey("detection"));
    assertThat(metrics.evaluations())
        .singleElement()
        .satisfies(
            e -> assertThat(e.scores().get("in_context")).containsKeys("accuracy", "chance"));
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(v -> v).average().orElseThrow();
  }

  /** A picture that is missing, and a last picture that nobody annotated. */
  @Test
  void brokenSamplesAreNamedByTheirFileAndId() throws Exception {
    Path mmic = dir.resolve("mmic");
    Path file = mmic.resolve("mmic.jsonl");
    Dialogue found =
        LlavaDataset.read(file).stream()
            .filter(d -> d.task().equals("mmic_masks"))
            .findFirst()
            .orElseThrow();
    Files.writeString(file, LlavaDataset.line(found));
    Path instances = mmic.resolve("instances.json");
    String whole = Files.readString(instances);
    String last = found.images().get(found.images().size() - 1);
    Files.writeString(instances, whole.replace(last, "images/other.png"));
    refused("dialogue " + found.id(), "instances.json must have both classes and picture");
    Files.writeString(instances, whole);
    Files.delete(mmic.resolve(found.images().get(0)));
    refused("mmic.jsonl: dialogue " + found.id() + ": there is no file", found.images().get(0));
  }

  private void refused(String... parts) {
    String out = dir.resolve("none").toString();
    MainTest.Run run = MainTest.run("train", recipe.toString(), "--out", out);
    assertThat(run.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(run.err()).contains(parts).hasLineCount(1);
  }
}
