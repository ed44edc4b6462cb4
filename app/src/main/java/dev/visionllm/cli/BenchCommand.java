package dev.visionllm.cli;

import dev.visionllm.data.ClassList;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Normalize;
import dev.visionllm.image.PaddedBatch;
import dev.visionllm.image.Raster;
import dev.visionllm.model.llama.Sampling;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.tensor.Native;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.AnswerStream;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.Skeleton;
import dev.visionllm.vlm.VisionLlm;
import dev.visionllm.vlm.VisionLlmConfig;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm bench}: how fast a model is on this machine. */
@Command(
    name = "bench",
    description = "Time a model on this machine: minimum and median of repeated runs.",
    footer = {
      "",
      "  load           open the model folder, up to the first question (files already cached)",
      "  resident       memory of the process after that, mapped weights included as far as read",
      "  preprocessing  from the bytes of the picture file to the inputs of both networks",
      "  first token    from question and decoded picture to the first token of the answer",
      "  tokens/s       the rest of the answer, one token at a time",
      "  detect         20 named classes in a decoded picture",
      "",
      "With --soak N instead: native memory after N requests of all its tools beside that after"
          + " the",
      "first ones; exit code 1 if it grew.",
      "",
      "Examples:",
      "  visionllm bench",
      "  visionllm bench --runs 50 --json",
      "  visionllm bench --model path/to/model --image photo.jpg",
      "  visionllm bench --soak 600",
      "  visionllm bench --preset v2-7b --runs 2 --parts llm"
    })
final class BenchCommand extends CliCommand {
  /** What one run of the command measured. */
  record Report(String model, int runs, int width, int height, int threads, List<Timing> timings) {}

  /**
   * One measure. Of a rate, the minimum is the slowest run; of a time, the fastest.
   *
   * @param unit ms or tokens/s
   */
  record Timing(String name, String unit, double min, double median, int runs) {
    static Timing of(String name, String unit, List<Double> values) {
      double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      int n = sorted.length;
      return new Timing(name, unit, sorted[0], (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, n);
    }
  }

  /** Something to time; it returns its measure. */
  private interface Run {
    double once() throws IOException;
  }

  private static final int WARM_UP = 3;
  private static final int MOST_LOADS = 5;
  private static final int CLASSES = 20;
  private static final int ANSWER = 64;
  private static final String QUESTION = "Describe the picture.";

  @Mixin private ModelOption model;

  @Option(
      names = "--runs",
      paramLabel = "N",
      description =
          "Runs of each measure after warm-up, of loading at most 5 (default: 20, of a preset 3).")
  private Integer runs;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "Picture to look at (default: a drawn one of 256 x 256).")
  private Path image;

  @Option(
      names = "--soak",
      paramLabel = "N",
      description = "Watch native memory over N requests instead of timing them.")
  private int soak;

  @Option(
      names = "--preset",
      paramLabel = "NAME",
      description = "Time the parts of a released model's size with random weights: v2-7b.")
  private String preset;

  @Option(
      names = "--parts",
      split = ",",
      paramLabel = "PART",
      description = "Of a preset only these: encoder, llm, detection, deformable, pose, unet, vae.")
  private List<String> parts = ModelBench.PARTS;

  @Override
  public Integer call() throws IOException {
    runs = runs == null ? (preset == null ? 20 : 3) : runs;
    if (runs < 1) {
      throw new IllegalArgumentException("runs is " + runs + ", should be at least 1");
    }
    if (preset != null) {
      return preset();
    }
    Path folder = model.folder();
    byte[] file = image == null ? ImageFiles.png(drawn(256)) : Files.readAllBytes(image);
    String name = image == null ? "drawn picture" : image.toString();
    Raster picture = ImageFiles.read(file, name);
    if (soak != 0) {
      return soak(folder, picture);
    }
    Native.load();
    List<Timing> timings = new ArrayList<>();
    timings.add(Timing.of("load", "ms", repeat(1, Math.min(runs, MOST_LOADS), () -> load(folder))));
    try (VisionLlm loaded = model.load(folder);
        Tokenizer tokenizer = Tokenizer.load(folder)) {
      VisionLlmConfig c = loaded.config();
      Preprocess preprocess =
          new Preprocess(tokenizer, c.conversation(), c.tiles(), c.multimodal().tokensPerTile());
      timings.add(Timing.of("resident", "MB", List.of(mb(ProcessMemory.resident()))));
      timings.add(
          Timing.of("preprocessing", "ms", repeat(() -> preprocessing(preprocess, c, file, name))));
      List<Double> rates = new ArrayList<>();
      List<Double> first = repeat(() -> answer(loaded, picture, rates));
      timings.add(Timing.of("first token", "ms", first));
      // the rates of the warm-up come first
      List<Double> warm = rates.subList(Math.min(WARM_UP, rates.size()), rates.size());
      if (!warm.isEmpty()) {
        timings.add(Timing.of("decoding", "tokens/s", warm));
      }
      if (c.gdino() != null) {
        List<String> classes =
            ClassList.nano().nouns().stream().limit(CLASSES).map(ClassList.Noun::name).toList();
        timings.add(
            Timing.of(
                "detect",
                "ms",
                repeat(
                    () -> {
                      long start = System.nanoTime();
                      loaded.detect(picture, classes);
                      return millis(start);
                    })));
      }
    }
    print(folder, picture, timings);
    return Main.OK;
  }

  private int soak(Path folder, Raster picture) throws IOException {
    try (VisionLlm loaded = model.load(folder)) {
      Soak.Report r = Soak.run(loaded, picture, soak);
      if (json()) {
        printJson(r);
      } else {
        print("%d requests by turns: %s", r.requests(), String.join(", ", r.tools()));
        print("%-24s %12s %12s", "", "native objects", "resident MB");
        print(
            "%-24s %12d %12.1f", "after " + r.warmUp(), r.pointersBefore(), mb(r.residentBefore()));
        print(
            "%-24s %12d %12.1f", "after " + r.requests(), r.pointersAfter(), mb(r.residentAfter()));
        print("resident memory %+.2f %%", 100 * r.growth());
      }
      return r.flat() ? Main.OK : Main.FAILED;
    }
  }

  private static double mb(long bytes) {
    return bytes / 1e6;
  }

  private int preset() throws IOException {
    if (!preset.equals("v2-7b")) {
      throw new IllegalArgumentException("--preset is " + preset + ", should be v2-7b");
    }
    for (String part : parts) {
      if (!ModelBench.PARTS.contains(part)) {
        throw new IllegalArgumentException(
            "--parts names " + part + ", should be of " + String.join(", ", ModelBench.PARTS));
      }
    }
    Native.load();
    VisionLlmConfig c = VisionLlmConfig.of(Skeleton.Preset.V2_7B.config(), preset);
    List<Limits> limits = new ArrayList<>();
    List<ModelBench.Row> rows = new ArrayList<>();
    if (!json()) {
      print("preset %s, random weights, %d threads", preset, Native.engine().threads());
      print("%-40s %5s %10s %10s %10s %7s", "", "", "best", "median", "limit", "ratio");
    }
    Consumer<ModelBench.Row> found =
        r -> {
          rows.add(r);
          show(r);
        };
    Supplier<Limits> measure =
        () -> {
          Limits now = Limits.measure();
          limits.add(now);
          if (!json()) {
            print(
                "limits now: %.0f GFLOP/s fp32, %.0f bf16, %.1f GB/s",
                now.fp32(), now.bf16(), now.memory());
          }
          return now;
        };
    new ModelBench(c, ModelBench.Work.RELEASED, runs, measure, found).run(parts);
    if (json()) {
      printJson(Map.of("preset", preset, "runs", runs, "limits", limits, "figures", rows));
    }
    return Main.OK;
  }

  private void show(ModelBench.Row r) {
    if (!json()) {
      print(
          "%-40s %5s %10.3f %10.3f %10s %7s  %s",
          r.name(),
          r.dtype(),
          r.best(),
          r.median(),
          r.limit() == null ? "" : String.format(Locale.ROOT, "%.3f", r.limit()),
          r.ratio() == null ? "" : String.format(Locale.ROOT, "%.2f", r.ratio()),
          r.unit());
      out().flush();
    }
  }

  private void print(Path folder, Raster picture, List<Timing> timings) {
    int threads = Native.engine().threads();
    if (json()) {
      printJson(
          new Report(folder.toString(), runs, picture.width(), picture.height(), threads, timings));
      return;
    }
    print(
        "model %s, picture %d x %d, %d threads",
        folder, picture.width(), picture.height(), threads);
    print("%-16s %10s %10s  %-9s %5s", "", "min", "median", "unit", "runs");
    timings.forEach(
        t -> print("%-16s %10.1f %10.1f  %-9s %5d", t.name, t.min, t.median, t.unit, t.runs));
  }

  private List<Double> repeat(Run run) throws IOException {
    return repeat(WARM_UP, runs, run);
  }

  private static List<Double> repeat(int warmUp, int runs, Run run) throws IOException {
    for (int i = 0; i < warmUp; i++) {
      run.once();
    }
    List<Double> out = new ArrayList<>();
    for (int i = 0; i < runs; i++) {
      out.add(run.once());
    }
    return out;
  }

  private double load(Path folder) throws IOException {
    long start = System.nanoTime();
    try (VisionLlm loaded = model.load(folder)) {
      return millis(start);
    }
  }

  private static double preprocessing(
      Preprocess preprocess, VisionLlmConfig c, byte[] file, String name) {
    long start = System.nanoTime();
    Raster picture = ImageFiles.read(file, name);
    String question = Preprocess.question(Prompt.of(QUESTION, picture));
    Conversation.Text text = c.conversation().prompt(List.of(), question);
    preprocess.inputs(List.of(picture), List.of(), text);
    if (c.gdino() != null) {
      PaddedBatch.of(List.of(c.detector().resize(picture).raster()), Normalize.IMAGENET_CV, 32);
    }
    return millis(start);
  }

  /** Milliseconds up to the first token; adds tokens per second of what follows. */
  private static double answer(VisionLlm model, Raster picture, List<Double> rates) {
    VisionLlm.Options options =
        new VisionLlm.Options(ANSWER, 1, Sampling.GREEDY, model.config().threshold());
    long start = System.nanoTime();
    try (AnswerStream stream = model.chat().open(Prompt.of(QUESTION, picture), options)) {
      boolean some = stream.hasNext();
      double first = millis(start);
      long after = System.nanoTime();
      int tokens = 0;
      while (stream.hasNext()) {
        stream.next();
        tokens++;
      }
      if (some) {
        rates.add(1000 * tokens / millis(after)); // as many passes: the last one ends the answer
      }
      return first;
    }
  }

  private static double millis(long start) {
    return (System.nanoTime() - start) / 1e6;
  }

  private static BufferedImage drawn(int side) {
    BufferedImage out = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = out.createGraphics();
    g.setPaint(new GradientPaint(0, 0, Color.LIGHT_GRAY, side, side, Color.DARK_GRAY));
    g.fillRect(0, 0, side, side);
    List<Color> colours = List.of(Color.RED, Color.GREEN, Color.BLUE);
    for (int i = 0; i < colours.size(); i++) {
      g.setColor(colours.get(i));
      g.fillOval(side / 8 + i * side / 4, side / 8 + i * side / 5, side / 4, side / 5);
    }
    g.dispose();
    return out;
  }
}
