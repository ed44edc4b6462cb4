package dev.visionllm.cli;

import dev.visionllm.model.clip.ClipVision;
import dev.visionllm.model.diffusion.AutoencoderKl;
import dev.visionllm.model.diffusion.Unet;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.KvCache;
import dev.visionllm.model.llama.Llama;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.vlm.VisionLlmConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Times the parts of a model of any size with random weights, one part in memory at a time, each
 * beside the time that its arithmetic (or its memory traffic) needs at the limits that the machine
 * has just then. Counted are matrix products and convolutions, two operations for a multiplication
 * with an addition.
 */
final class ModelBench {
  /**
   * What is asked of the model.
   *
   * @param tiles of a picture
   * @param prompt tokens
   * @param steps tokens that are decoded after the prompt
   * @param height of the detector's input, pixels
   * @param width likewise
   * @param classes that the detector looks for
   * @param latent side of the latents of a picture that is made
   */
  record Work(int tiles, int prompt, int steps, int height, int width, int classes, int latent) {
    /** A picture of five tiles, detection at the usual size, a picture of 512 x 512. */
    static final Work RELEASED = new Work(5, 2900, 16, 800, 1333, 80, 64);
  }

  /**
   * One figure.
   *
   * @param unit s, tokens/s or GB
   * @param limit the same at the machine's limit, or null where operations are not counted
   * @param ratio how near the median run is to it (decoding: the best token), or null
   */
  record Row(
      String name,
      String dtype,
      String unit,
      double best,
      double median,
      Double limit,
      Double ratio) {}

  /** Every part, in the order in which they run. */
  static final List<String> PARTS =
      List.of("encoder", "llm", "detection", "deformable", "pose", "unet", "vae");

  private static final double GIGA = 1e9;

  private final VisionLlmConfig config;
  private final Work work;
  private final int runs;
  private final Supplier<Limits> measure;
  private final Consumer<Row> found;
  private final List<Limits> limits = new ArrayList<>(); // before each run of a part

  /**
   * @param runs of each figure after one that is not counted
   * @param measure asked before each run
   * @param found told each figure when it is there
   */
  ModelBench(
      VisionLlmConfig config, Work work, int runs, Supplier<Limits> measure, Consumer<Row> found) {
    this.config = config;
    this.work = work;
    this.runs = runs;
    this.measure = measure;
    this.found = found;
  }

  /** Times parts. */
  void run(List<String> parts) {
    Map<String, Runnable> all = new LinkedHashMap<>();
    all.put("encoder", this::encoder);
    all.put("llm", this::llm);
    all.put("detection", this::detection);
    all.put("deformable", this::deformable);
    all.put("pose", this::pose);
    all.put("unet", this::unet);
    all.put("vae", this::vae);
    for (String part : parts) {
      try (var scope = TensorScope.open();
          var noGrad = new NoGradGuard()) {
        all.get(part).run();
      }
    }
  }

  /** Random weights whose layers keep the scale of what passes through them. */
  static Params.Source random(ScalarType dtype) {
    return new Params.Source() {
      @Override
      public Tensor get(String name, long... shape) {
        boolean norm = shape.length == 1 && name.endsWith("weight");
        long in = Math.max(1, Arrays.stream(shape).skip(1).reduce(1, Math::multiplyExact));
        try (TensorOptions options = Tensors.options(dtype)) {
          Tensor t = torch.empty(shape, options, null);
          if (norm) {
            t.fill_(new Scalar(1));
          } else {
            double limit = shape.length > 1 ? Math.sqrt(3.0 / in) : 0.02;
            t.uniform_(-limit, limit, null);
          }
          return t;
        }
      }

      @Override
      public boolean has(String name) {
        return false;
      }
    };
  }

  /** Builds a part, uses it, and tells how much memory the process took with it. */
  private <M> void with(ScalarType dtype, Function<Params, M> build, Consumer<M> use) {
    try (Params p = new Params(random(dtype))) {
      use.accept(build.apply(p));
      double gb = ProcessMemory.resident() / GIGA;
      found.accept(new Row("  resident memory with it", format(dtype), "GB", gb, gb, null, null));
    }
  }

  private static String format(ScalarType dtype) {
    return dtype == ScalarType.BFloat16 ? "bf16" : "fp32";
  }

  private static Tensor noise(ScalarType dtype, long... shape) {
    return torch.randn(shape, Tensors.options(ScalarType.Float)).to(dtype);
  }

  /**
   * Seconds of each run after one that is not counted.
   *
   * @param counted whether a limit goes with them: it is measured before each, since a shared
   *     machine's change from minute to minute
   */
  private List<Double> time(boolean counted, Runnable run) {
    once(run);
    limits.clear();
    return IntStream.range(0, runs)
        .mapToObj(
            i -> {
              if (counted) {
                limits.add(measure.get());
              }
              return once(run);
            })
        .toList();
  }

  private static double once(Runnable run) {
    long start = System.nanoTime();
    TensorScope.value(
        () -> {
          run.run();
          return null;
        });
    return (System.nanoTime() - start) / GIGA;
  }

  /**
   * @param gflop what a run computes, or 0 if that is not counted
   */
  private double seconds(String name, ScalarType dtype, double gflop, List<Double> times) {
    double best = times.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    double median = Limits.median(times);
    Double limit =
        gflop == 0
            ? null
            : (Double) (gflop / Limits.median(limits.stream().map(l -> l.rate(dtype)).toList()));
    found.accept(
        new Row(
            name, format(dtype), "s", best, median, limit, limit == null ? null : limit / median));
    return best;
  }

  private void encoder() {
    var v = config.multimodal().vision();
    int size = v.size();
    double n = (double) v.grid() * v.grid() + 1;
    double d = v.hidden();
    double mlp = v instanceof ClipVision.Config clip ? clip.mlp() : 0;
    double layer = 2 * n * (4 * d * d + 2 * d * mlp) + 4 * n * n * d;
    double gflop = mlp == 0 ? 0 : work.tiles() * v.layers() * layer / GIGA;
    with(
        ScalarType.BFloat16,
        p -> v.build(p.at("vis_encoder")),
        encoder -> {
          Tensor pixels = noise(ScalarType.BFloat16, work.tiles(), 3, size, size);
          List<Double> times = time(gflop > 0, () -> encoder.forward(pixels));
          seconds("image encoding, " + work.tiles() + " tiles", ScalarType.BFloat16, gflop, times);
        });
  }

  private void llm() {
    Llama.Config c = config.multimodal().llm();
    double d = c.hidden();
    double kv = 2 * d * c.kvHeads() * c.headSize();
    double layer = 2 * d * d + kv + 3 * d * c.mlp(); // weights
    double t = work.prompt();
    // half of the scores lie behind the causal mask
    double gflop = c.layers() * (2 * t * layer + 2 * t * t * d) / GIGA;
    double cached = 2.0 * c.kvHeads() * c.headSize() * t; // keys and values of the prompt
    double read = 2 * (c.layers() * (layer + cached) + d * c.vocab()); // bytes for a token
    with(
        ScalarType.BFloat16,
        p -> new Llama(p.at("llm"), c),
        llm -> {
          int n = work.prompt();
          Tensor x = noise(ScalarType.BFloat16, 1, n, c.hidden());
          Tensor mask = Masks.causal(n).to(ScalarType.BFloat16);
          Tensor at = Masks.positions(1, 0, n);
          List<Double> times =
              time(
                  true,
                  () -> {
                    try (KvCache cache = new KvCache(c)) {
                      llm.forward(x, at, mask, cache);
                    }
                  });
          seconds("prefill, " + n + " tokens", ScalarType.BFloat16, gflop, times);
          try (KvCache cache = new KvCache(c)) {
            TensorScope.value(
                () -> {
                  llm.forward(x, at, mask, cache);
                  return null;
                });
            decode(llm, cache, n, read);
          }
        });
  }

  /** Memory is read between the tokens, so that both meet the machine's same moments. */
  private void decode(Llama llm, KvCache cache, int from, double bytes) {
    List<Double> rates = new ArrayList<>();
    Tensor memory = Limits.block();
    double reading = 0;
    for (int i = 0; i < work.steps(); i++) {
      int at = from + i;
      reading = Math.max(reading, Limits.read(memory));
      long start = System.nanoTime();
      TensorScope.value(
          () -> {
            Tensor x = llm.embed(Tensors.of(new long[] {at % 100}, 1, 1));
            Tensor h = llm.forward(x, Masks.positions(1, at, 1), null, cache);
            llm.logits(h.select(1, 0)).argmax();
            return null;
          });
      if (i > 0) { // the first one grows the cache
        rates.add(GIGA / (System.nanoTime() - start));
      }
    }
    double best = rates.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    double limit = reading * GIGA / bytes;
    found.accept(
        new Row("decode", "bf16", "tokens/s", best, Limits.median(rates), limit, best / limit));
  }

  private static int padded(int side) {
    return (side + 31) / 32 * 32;
  }

  private Tensor inside() {
    boolean[] valid = new boolean[padded(work.height()) * padded(work.width())];
    for (int y = 0; y < work.height(); y++) {
      int row = y * padded(work.width());
      Arrays.fill(valid, row, row + work.width(), true);
    }
    return Tensors.of(valid, 1, padded(work.height()), padded(work.width()));
  }

  private void detection() {
    GroundingDino.Config c = config.gdino();
    for (ScalarType dtype : List.of(ScalarType.BFloat16, ScalarType.Float)) {
      with(
          dtype,
          p -> new GroundingDino(p.at("gdino"), c),
          gdino -> {
            Tensor pixels = noise(dtype, 1, 3, padded(work.height()), padded(work.width()));
            Tensor text =
                noise(dtype, 1, work.classes(), config.multimodal().queries(), c.textHidden());
            Tensor mask = inside();
            List<Double> times =
                time(
                    false,
                    () -> {
                      Features f = gdino.features(pixels, mask, false);
                      gdino.decode(f, gdino.project(text), null, null, false);
                    });
            seconds("detection, %d x %d".formatted(work.height(), work.width()), dtype, 0, times);
          });
    }
  }

  /** All three by turns, so that a busy moment of the machine meets each of them. */
  private void deformable() {
    DeformableBench.Sizes sizes = DeformableBench.Sizes.of(config.gdino(), work);
    try (Params single = new Params(random(ScalarType.Float));
        Params half = new Params(random(ScalarType.BFloat16))) {
      DeformableBench fp32 = new DeformableBench(single, sizes);
      DeformableBench bf16 = new DeformableBench(half, sizes);
      Tensor x = noise(ScalarType.Float, 1, sizes.tokens(), sizes.hidden());
      Tensor y = x.to(ScalarType.BFloat16);
      List<List<Double>> times = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
      limits.clear();
      limits.add(measure.get());
      for (int i = 0; i <= runs; i++) {
        List<Runnable> turn = List.of(() -> fp32.plain(x), () -> fp32.ours(x), () -> bf16.ours(y));
        for (int k = 0; k < turn.size(); k++) {
          double seconds = once(turn.get(k));
          if (i > 0) {
            times.get(k).add(seconds);
          }
        }
      }
      String name = "deformable layers";
      double work = sizes.gflop();
      double plain = seconds(name + ", plain formulation", ScalarType.Float, work, times.get(0));
      share("fp32", seconds(name, ScalarType.Float, work, times.get(1)) / plain);
      share("bf16", seconds(name, ScalarType.BFloat16, work, times.get(2)) / plain);
    }
  }

  private void share(String dtype, double of) {
    found.accept(new Row("  share of the plain formulation's time", dtype, "", of, of, null, null));
  }

  private void pose() {
    UniPose.Config c = config.unipose();
    ScalarType dtype = ScalarType.BFloat16;
    with(
        dtype,
        p -> new UniPose(p.at("unipose"), c),
        unipose -> {
          Tensor pixels = noise(dtype, 1, 3, padded(work.height()), padded(work.width()));
          int q = config.multimodal().queries();
          Tensor person = noise(dtype, 1, 1, q, c.textHidden());
          Tensor points = noise(dtype, 1, Math.min(17, c.groups().slots()), q, c.textHidden());
          Tensor mask = inside();
          List<Double> times =
              time(
                  false,
                  () -> {
                    Features f = unipose.features(pixels, mask, false);
                    unipose.decode(
                        f,
                        unipose.projectClasses(person),
                        null,
                        unipose.projectPoints(points),
                        null,
                        null,
                        false);
                  });
          seconds("poses, %d x %d".formatted(work.height(), work.width()), dtype, 0, times);
        });
  }

  private void unet() {
    Unet.Config c = config.sd().unet();
    ScalarType dtype = ScalarType.BFloat16;
    boolean counted = c.equals(Unet.Config.SD_15) && work.latent() == 64;
    with(
        dtype,
        p -> new Unet(p.at("sd_unet"), c),
        unet -> {
          Tensor latents = noise(dtype, 1, c.inChannels(), work.latent(), work.latent());
          Tensor context = noise(dtype, 1, config.sd().mapper().queries(), c.contextChannels());
          Tensor at = Tensors.of(new float[] {500}, 1);
          List<Double> times = time(counted, () -> unet.forward(latents, at, context));
          seconds("UNet step", dtype, counted ? 803 : 0, times);
        });
  }

  private void vae() {
    AutoencoderKl.Config c = config.sd().vae();
    ScalarType dtype = ScalarType.BFloat16;
    boolean counted = c.equals(AutoencoderKl.Config.SD_15) && work.latent() == 64;
    with(
        dtype,
        p -> new AutoencoderKl(p.at("sd_vae"), c),
        vae -> {
          Tensor latents = noise(dtype, 1, c.latentChannels(), work.latent(), work.latent());
          List<Double> times = time(counted, () -> vae.decode(latents));
          seconds("VAE decode", dtype, counted ? 2514 : 0, times);
        });
  }
}
