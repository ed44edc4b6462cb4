package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.train.Metrics;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TrainCommandTest {
  private static final Path MODEL = Path.of("../core/src/test/resources/tiny-model");

  @TempDir Path dir;
  private Path recipe;
  private String run;

  @BeforeEach
  void recipe() throws Exception {
    Path sources = Files.createDirectories(dir.resolve("sources"));
    for (String name : new String[] {"apple", "dog", "bus"}) {
      BufferedImage b = new BufferedImage(32, 32, BufferedImage.TYPE_INT_ARGB);
      Graphics2D g = b.createGraphics();
      g.setColor(name.equals("dog") ? Color.ORANGE : Color.BLUE);
      g.fillOval(2, 2, 28, name.equals("bus") ? 12 : 28);
      g.dispose();
      ImageIO.write(b, "png", sources.resolve(name + ".png").toFile());
    }
    assertThat(
            MainTest.run(
                    "data",
                    "scenes",
                    "--sources",
                    sources.toString(),
                    "--count",
                    "4",
                    "--seed",
                    "1",
                    "--size",
                    "64",
                    "--out",
                    dir.resolve("data").toString())
                .code())
        .isEqualTo(Main.OK);
    run = dir.resolve("run").toString();
    recipe = dir.resolve("tiny.yaml");
    Files.writeString(
        recipe,
        """
        model: "%s"
        objective: patches
        data: [{task: objects, folders: [data]}]
        train: ["vis_encoder.*"]
        steps: 4
        batch: 2
        lr: 1.0e-3
        save_every: 2
        """
            .formatted(MODEL.toAbsolutePath()));
  }

  @Test
  void aRunLeavesWeightsMetricsAndACurve() throws Exception {
    MainTest.Run trained = MainTest.run("train", recipe.toString(), "--out", run);
    assertThat(trained.err()).isEmpty();
    assertThat(trained.code()).isEqualTo(Main.OK);
    assertThat(trained.out())
        .contains("step 1/4  loss ")
        .contains("step 4/4  loss ")
        .contains("ETA");
    assertThat(Files.readAllLines(dir.resolve("run/metrics.jsonl"))).hasSize(4);
    assertThat(ImageIO.read(dir.resolve("run/loss.png").toFile()).getWidth()).isEqualTo(900);

    MainTest.Run again = MainTest.run("train", recipe.toString(), "--out", run);
    assertThat(again.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(again.err()).contains("holds a run already").hasLineCount(1);

    Files.writeString(recipe, Files.readString(recipe).replace("steps: 4", "steps: 5"));
    MainTest.Run more =
        MainTest.run("train", recipe.toString(), "--out", run, "--resume", "--json");
    assertThat(more.code()).isEqualTo(Main.OK);
    JsonNode json = JsonMapper.shared().readTree(more.out());
    assertThat(json.get("steps").asInt()).isEqualTo(5);
    assertThat(Files.readAllLines(dir.resolve("run/metrics.jsonl"))).hasSize(5);

    Path model = dir.resolve("model");
    MainTest.Run exported =
        MainTest.run(
            "model", "export", run, "--config", MODEL.toString(), "--out", model.toString());
    assertThat(exported.err()).isEmpty();
    assertThat(exported.code()).isEqualTo(Main.OK);
    assertThat(MainTest.run("model", "info", model.toString()).out()).contains("BF16");
  }

  @Test
  void brokenSamplesEndTheRunOrAreSkippedAndListed() throws Exception {
    Files.writeString(
        recipe,
        Files.readString(recipe)
            .replace("objective: patches", "objective: linked")
            .replace("vis_encoder.*", "emb_embeddings_det.*"));
    Path broken = dir.resolve("data/images/000002.png");
    byte[] whole = Files.readAllBytes(broken);
    Files.write(broken, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertBad("000002.png", "train", recipe.toString(), "--out", run);
    String skipped = dir.resolve("skipped").toString();
    MainTest.Run run = MainTest.run("train", recipe.toString(), "--out", skipped, "--skip-broken");
    assertThat(run.code()).as(run.err()).isEqualTo(Main.OK);
    assertThat(run.err()).contains("1 broken samples").contains("000002.png").hasLineCount(2);
  }

  @Test
  void aDryRunTellsWhatTheRunWouldTake() throws Exception {
    MainTest.Run told = MainTest.run("train", recipe.toString(), "--out", run, "--dry-run");
    assertThat(told.err()).isEmpty();
    assertThat(told.code()).isEqualTo(Main.OK);
    assertThat(told.out())
        .containsPattern("vis_encoder +[\\d,]+ +[\\d,]+")
        .contains("4 over 4 samples")
        .contains("an estimate");
    assertThat(dir.resolve("run")).doesNotExist();

    told =
        MainTest.run("train", recipe.toString(), "--dry-run", "--set", "steps=7", "--set=batch=2");
    assertThat(told.out()).contains("7 over 4 samples");
    assertBad("stepz", "train", recipe.toString(), "--dry-run", "--set", "stepz=7");

    Files.writeString(
        recipe,
        Files.readString(recipe)
            .replace("steps: 4", "epochs: 3")
            .replace("[data]", "[nowhere]")
            .replace("\"vis_encoder.*\"", "\"vis_encoder.*\", \"legs.*\""));
    told = MainTest.run("train", recipe.toString(), "--dry-run");
    assertThat(told.out())
        .contains("unknown: the recipe gives epochs")
        .contains("pattern legs.* of the recipe matches no parameter");
    told = MainTest.run("train", recipe.toString(), "--dry-run", "--json");
    assertThat(told.code()).isEqualTo(Main.OK);
    JsonNode json = JsonMapper.shared().readTree(told.out());
    assertThat(json.at("/plan/parts/0/learning").asLong())
        .isEqualTo(json.at("/plan/parts/0/parameters").asLong())
        .isPositive();
    assertThat(json.at("/plan/steps").isNull()).isTrue();
    assertThat(json.at("/seconds").isNull()).isTrue();
    assertThat(json.at("/secondsPerStep").asDouble()).isPositive();
    assertThat(json.at("/plan/idle/0").asString()).isEqualTo("legs.*");
  }

  @Test
  void durationsAreInUnitsThatSuit() {
    assertThat(List.of(0.25, 90.0, 300.0, 86_400.0, 864_000.0))
        .extracting(DryRun::duration)
        .containsExactly("0.25 s", "90.0 s", "5.0 min", "24.0 h", "10.0 days");
  }

  private static final String EVALUATE =
      "evaluate: {every: 3, suites: [detection, vqa], data: data, limit: 2}\n";

  @Test
  void evaluationsAreWrittenAndLeaveTheRunAsItIs() throws Exception {
    assertThat(MainTest.run("train", recipe.toString(), "--out", run).code()).isEqualTo(Main.OK);
    Files.writeString(recipe, Files.readString(recipe) + EVALUATE);
    Path measured = dir.resolve("measured");
    MainTest.Run told = MainTest.run("train", recipe.toString(), "--out", measured.toString());
    assertThat(told.err()).isEmpty();
    assertThat(told.code()).isEqualTo(Main.OK);
    assertThat(told.out())
        .contains("after step 3", "after step 4", "detection: 2 pictures", "vqa: ", "  AP ");
    for (String file : List.of("model.safetensors", "state.safetensors")) {
      assertThat(Files.mismatch(dir.resolve("run").resolve(file), measured.resolve(file)))
          .as("first differing byte of %s", file)
          .isEqualTo(-1);
    }

    assertThat(Files.readAllLines(measured.resolve("metrics.jsonl"))).hasSize(6);
    List<Metrics.Evaluation> all = Metrics.open(measured, 4).evaluations();
    assertThat(all).extracting(Metrics.Evaluation::step).containsExactly(3, 4);
    assertThat(all.get(1).scores().keySet()).containsExactly("detection", "vqa");
    MainTest.Run again =
        MainTest.run(
            "evaluate",
            "--model",
            measured.toString(),
            "--suite",
            "detection",
            "--data",
            dir.resolve("data").toString(),
            "--limit",
            "2",
            "--json");
    JsonNode scores = JsonMapper.shared().readTree(again.out()).at("/suites/0/scores");
    assertThat(scores.size()).isEqualTo(all.get(1).scores().get("detection").size()).isPositive();
    all.get(1)
        .scores()
        .get("detection")
        .forEach(
            (name, value) -> {
              assertThat(scores.get(name).isNull()).as(name).isEqualTo(value == null);
              assertThat(scores.get(name).asDouble(-1)).isEqualTo(value == null ? -1 : value);
            });

    assertThat(Metrics.open(measured, 3).evaluations()).isEqualTo(all.subList(0, 1));
  }

  /** As after a kill during the last evaluation: nothing is trained, and that is made up for. */
  @Test
  void anEvaluationThatIsMissingIsMadeUpFor() throws Exception {
    Files.writeString(
        recipe,
        Files.readString(recipe)
                .replace("objective: patches", "objective: linked")
                .replace("vis_encoder.*", "llm.*lora_.*")
                .replace("steps: 4", "steps: 1")
            + "lora: {rank: 2, alpha: 4}\n"
            + EVALUATE.replace("detection, vqa", "vqa"));
    MainTest.Run first = MainTest.run("train", recipe.toString(), "--out", run, "--json");
    assertThat(first.code()).as(first.err()).isEqualTo(Main.OK);
    JsonNode evaluation = JsonMapper.shared().readTree(first.out()).at("/evaluations/0");
    assertThat(evaluation.get("step").asInt()).isEqualTo(1);
    assertThat(evaluation.at("/scores/vqa").size()).isPositive();

    Path metrics = dir.resolve("run/metrics.jsonl");
    List<String> lines = Files.readAllLines(metrics);
    assertThat(lines).hasSize(2);
    Files.write(metrics, lines.subList(0, 1));
    MainTest.Run resumed =
        MainTest.run("train", recipe.toString(), "--out", run, "--resume", "--json");
    assertThat(JsonMapper.shared().readTree(resumed.out()).at("/evaluations/0/scores"))
        .isEqualTo(evaluation.get("scores"));
    assertThat(Files.readAllLines(metrics)).hasSize(2);
  }

  @Test
  void whatCannotBeEvaluatedIsSaidBeforeTheFirstStep() throws Exception {
    String plain = Files.readString(recipe);
    Files.writeString(recipe, plain + EVALUATE.replace("vqa", "sight"));
    assertBad("suite 'sight' is unknown", "train", recipe.toString(), "--out", run);
    Files.writeString(recipe, plain + EVALUATE.replace("vqa", "pose"));
    assertBad("has no keypoints.json", "train", recipe.toString(), "--out", run);
    Files.writeString(recipe, plain + EVALUATE.replace("data: data", "data: nowhere"));
    assertBad("nowhere does not exist", "train", recipe.toString(), "--out", run);
    Files.writeString(recipe, plain + EVALUATE.replace("every: 3", "every: 0"));
    assertBad("evaluate has every 0", "train", recipe.toString(), "--out", run);
    assertThat(dir.resolve("run")).doesNotExist();
  }

  @Test
  void badInputEndsInOneLine() throws Exception {
    assertBad("no run to resume", "train", recipe.toString(), "--out", run, "--resume");
    assertBad("nowhere.yaml", "train", dir.resolve("nowhere.yaml").toString());
    assertBad("does not exist", "train", recipe.toString(), "--data", "nowhere", "--out", run);
    Files.writeString(recipe, Files.readString(recipe) + "stepz: 3\n");
    assertBad("stepz", "train", recipe.toString(), "--out", run);
  }

  private static void assertBad(String word, String... args) {
    MainTest.Run bad = MainTest.run(args);
    assertThat(bad.code()).isEqualTo(Main.BAD_INPUT);
    assertThat(bad.err()).contains(word).hasLineCount(1);
  }

  /** In a process of its own: the signal comes while libtorch computes. */
  @Test
  void anInterruptedRunSavesItsStepAndGoesOn() throws Exception {
    Files.writeString(
        recipe, Files.readString(recipe).replaceAll("(steps|save_every): \\d", "$1: 1000000"));
    Path log = dir.resolve("child.log");
    Process child = start(log, "train", recipe.toString(), "--out", run);
    Path metrics = dir.resolve("run/metrics.jsonl");
    awaitSteps(child, metrics);
    child.destroy();
    assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).as(Files.readString(log)).isEqualTo(Interrupt.CODE);
    assertThat(dir.resolve("crash.log")).doesNotExist();
    int steps = Files.readAllLines(metrics).size();
    assertThat(Files.readString(log)).contains("interrupted after step " + steps + ":");

    Files.writeString(
        recipe, Files.readString(recipe).replaceAll("steps: \\d+", "steps: " + (steps + 1)));
    MainTest.Run resumed = MainTest.run("train", recipe.toString(), "--out", run, "--resume");
    assertThat(resumed.out()).contains("from step " + steps + " to " + (steps + 1));
    assertThat(Files.readAllLines(metrics)).hasSize(steps + 1);
  }

  /** Two workers share the passes of each step; their gradients are summed in another order. */
  @Test
  void twoWorkersMakeTheRunOfOne() throws Exception {
    Files.writeString(recipe, Files.readString(recipe) + "accumulate: 2\n");
    String two = dir.resolve("two").toString();
    assertThat(MainTest.run("train", recipe.toString(), "--out", run).code()).isEqualTo(Main.OK);
    assertThat(MainTest.run("train", recipe.toString(), "--out", two, "--nproc", "2").code())
        .isEqualTo(Main.OK);
    assertSameRun("two workers", two);
    assertThat(MainTest.run("train", recipe.toString(), "--out", two, "--nproc", "3").code())
        .isNotEqualTo(Main.OK); // 3 do not divide 2 passes
  }

  /** Against the run of one process, whose passes' gradients are added in another order. */
  private void assertSameRun(String name, String other) throws IOException {
    double losses = 0;
    List<Metrics.Line> alone = Metrics.open(dir.resolve("run"), 4).lines();
    List<Metrics.Line> together = Metrics.open(Path.of(other), 4).lines();
    assertThat(together).hasSameSizeAs(alone).hasSize(4);
    for (int i = 0; i < alone.size(); i++) {
      Map<String, Double> parts = alone.get(i).step().parts();
      assertThat(together.get(i).step().parts().keySet()).isEqualTo(parts.keySet());
      for (String part : parts.keySet()) {
        double loss = together.get(i).step().parts().get(part);
        losses = Math.max(losses, Math.abs(parts.get(part) - loss));
      }
    }
    double weights = 0;
    SafeTensors a = SafeTensors.open(dir.resolve("run/model.safetensors"));
    SafeTensors b = SafeTensors.open(Path.of(other, "model.safetensors"));
    try (var scope = TensorScope.open()) {
      for (String weight : a.entries().keySet()) {
        float[] x = Tensors.floats(a.get(weight));
        float[] y = Tensors.floats(b.get(weight));
        for (int i = 0; i < x.length; i++) {
          weights = Math.max(weights, Math.abs(x[i] - y[i]));
        }
      }
    }
    System.out.printf(
        "%s against one, 4 steps: losses differ by at most %.2e, weights %.2e%n",
        name, losses, weights);
    assertThat(losses).isLessThan(1e-4);
    assertThat(weights).isLessThan(1e-4);
  }

  /** Two commands meet over TCP, as on two machines. */
  @Test
  void twoNodesMakeTheRunOfOne() throws Exception {
    Files.writeString(recipe, Files.readString(recipe) + "accumulate: 2\n");
    assertThat(MainTest.run("train", recipe.toString(), "--out", run).code()).isEqualTo(Main.OK);
    String nodes = dir.resolve("nodes").toString();
    String master;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      master = "127.0.0.1:" + free.getLocalPort();
    }
    String[] node = {
      "train", recipe.toString(), "--out", nodes, "--nodes", "2", "--master", master, "--rank"
    };
    Path log = dir.resolve("node.log");
    Process second = start(log, with(node, "1"));
    MainTest.Run first = MainTest.run(with(node, "0"));
    assertThat(first.code()).as(first.err()).isEqualTo(Main.OK);
    assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(second.exitValue()).as(Files.readString(log)).isEqualTo(Main.OK);
    assertSameRun("two nodes", nodes);
  }

  private static String[] with(String[] arguments, String last) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = last;
    return all;
  }

  @Test
  void aWorkerThatDiesBeforeItMeetsTheOthersEndsThem() throws Exception {
    Files.writeString(recipe, Files.readString(recipe) + "accumulate: 2\n");
    Path log = dir.resolve("early.log");
    Process parent = start(log, "train", recipe.toString(), "--out", run, "--nproc", "2");
    while (parent.isAlive() && parent.children().count() < 2) {
      Thread.sleep(5);
    }
    Thread.sleep(500); // it is a JVM by then, and libtorch not yet loaded
    second(parent).destroyForcibly();
    assertThat(parent.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(parent.exitValue()).isEqualTo(Main.FAILED);
    assertThat(Files.readString(log)).contains("visionllm: a worker has ended, so the others are");
  }

  /** The worker that was started last. */
  private static ProcessHandle second(Process parent) {
    return parent.children().max(Comparator.comparingLong(ProcessHandle::pid)).orElseThrow();
  }

  /** Weights, moments and steps, from workers that keep a part of the moments each. */
  @Test
  void aSharedOptimizerMakesTheSameRun() throws Exception {
    Files.writeString(recipe, Files.readString(recipe) + "accumulate: 2\n");
    String shared = dir.resolve("shared").toString();
    assertThat(MainTest.run("train", recipe.toString(), "--out", run, "--nproc", "2").code())
        .isEqualTo(Main.OK);
    Files.writeString(recipe, Files.readString(recipe) + "shard_optimizer: true\n");
    assertThat(MainTest.run("train", recipe.toString(), "--out", shared, "--nproc", "2").code())
        .isEqualTo(Main.OK);
    SafeTensors a = SafeTensors.open(dir.resolve("run/state.safetensors"));
    SafeTensors b = SafeTensors.open(dir.resolve("shared/state.safetensors"));
    assertThat(b.entries().keySet()).isEqualTo(a.entries().keySet());
    assertThat(a.entries().keySet()).anyMatch(name -> name.endsWith(".exp_avg_sq"));
    try (var scope = TensorScope.open()) {
      for (String name : a.entries().keySet()) {
        assertThat(b.get(name).equal(a.get(name))).as(name).isTrue();
      }
    }
    Files.writeString(recipe, Files.readString(recipe).replaceAll("steps: \\d+", "steps: 5"));
    assertThat(MainTest.run("train", recipe.toString(), "--out", shared, "--resume").code())
        .isEqualTo(Main.OK); // alone, with all of them
  }

  @Test
  void aLostWorkerEndsTheRunAndOneGoesOn() throws Exception {
    Files.writeString(
        recipe,
        Files.readString(recipe).replaceAll("(steps): \\d", "$1: 1000000") + "accumulate: 2\n");
    Path log = dir.resolve("lost.log");
    Process parent = start(log, "train", recipe.toString(), "--out", run, "--nproc", "2");
    Path metrics = dir.resolve("run/metrics.jsonl");
    awaitSteps(parent, metrics);
    second(parent).destroyForcibly();
    assertThat(parent.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(parent.exitValue()).as(Files.readString(log)).isEqualTo(Main.FAILED);
    assertThat(Files.readString(log))
        .contains("visionllm: another worker of this run was lost: go on from the last checkpoint");

    int steps = Files.readAllLines(metrics).size();
    Files.writeString(
        recipe, Files.readString(recipe).replaceAll("steps: \\d+", "steps: " + (steps + 2)));
    MainTest.Run resumed = MainTest.run("train", recipe.toString(), "--out", run, "--resume");
    assertThat(resumed.code()).isEqualTo(Main.OK);
    assertThat(Files.readAllLines(metrics)).hasSize(steps + 2);
  }

  private Process start(Path log, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:ErrorFile=" + dir.resolve("crash.log")));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  /** Until a run has made a few steps. */
  private static void awaitSteps(Process run, Path metrics) throws Exception {
    while (run.isAlive() && (Files.notExists(metrics) || Files.size(metrics) < 500)) {
      Thread.sleep(20);
    }
  }
}
