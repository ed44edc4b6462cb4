package dev.visionllm.train;

import dev.visionllm.checkpoint.Adapter;
import dev.visionllm.checkpoint.Init;
import dev.visionllm.data.Problems;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import dev.visionllm.vlm.ModelFolder;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A training run, one optimiser step per {@link #next}. Everything random depends on the recipe's
 * seed and the number of the step, so a resumed run continues bit for bit.
 */
public final class Trainer implements Iterator<Trainer.Step>, AutoCloseable {
  /**
   * What a step did.
   *
   * @param number from 1
   * @param loss sum of the parts, mean over the accumulated passes
   * @param parts weighted losses by name
   * @param lr learning rate of parameters with factor 1
   * @param gradNorm before clipping
   */
  public record Step(
      int number, double loss, Map<String, Double> parts, double lr, double gradNorm) {}

  private static final String LORA = ".lora_";

  private final Recipe recipe;
  private final Path out;
  private final Workers workers;
  private final Problems problems;
  private final Params params;
  private final Params extra;
  private final Tokenizer tokenizer;
  private final Map<String, Tensor> learning;
  private final OptimizerShards shards; // null where everybody keeps all moments
  private final GradientExchange gradients;
  private final AdamW optimizer;
  private final LearningRate schedule;
  private final Objective<Object> objective;
  private final Batches<Object> batches;
  private final int steps;
  private int done;
  private int saved; // step of the last checkpoint, -1 before the first

  /**
   * @param out folder for checkpoints
   * @param resume whether to continue what the folder holds
   */
  public Trainer(Recipe recipe, Path out, boolean resume) throws IOException {
    this(recipe, out, resume, Workers.alone(), Problems.refuse());
  }

  /**
   * As one of several processes that make the same run.
   *
   * @param workers as many as divide the recipe's accumulate; closed with the run
   * @param problems what becomes of broken samples of a linked objective
   */
  public Trainer(Recipe recipe, Path out, boolean resume, Workers workers, Problems problems)
      throws IOException {
    Native.load();
    if (recipe.accumulate() % workers.size() != 0) {
      throw new IllegalArgumentException(
          "%d workers cannot share the recipe's accumulate of %d passes a step: it should be a"
                  .formatted(workers.size(), recipe.accumulate())
              + " multiple of them");
    }
    this.recipe = recipe;
    this.out = out;
    this.workers = workers;
    this.problems = problems;
    if (!resume && Files.exists(out.resolve(TrainState.FILE))) {
      throw new IllegalArgumentException(
          out + " holds a run already: continue it with --resume or choose another --out");
    }
    VisionLlmConfig config = VisionLlmConfig.read(recipe.model(), recipe.config());
    if (workers.rank() == 0) { // so that the run's folder is a model folder
      ModelFolder.copy(recipe.model(), out, recipe.config());
    }
    tokenizer = Tokenizer.load(recipe.model());
    SpecialTokens special = SpecialTokens.of(tokenizer);
    TrainState state = resume ? TrainState.read(out) : null;
    params = new Params(state == null ? StartingWeights.of(recipe, config) : state.model());
    extra = new Params(state == null ? new Init(recipe.seed()) : state.extra());
    done = state == null ? 0 : state.step();
    saved = state == null ? -1 : done;
    try (var scope = TensorScope.open()) {
      Params tree =
          recipe.lora() == null
              ? params
              : params.adapted(
                  recipe.lora().config(),
                  state == null ? StartingWeights.drawn(recipe.seed()) : state.model());
      Multimodal model = new Multimodal(tree, config.multimodal(), special::id);
      Decoders decoders = Decoders.of(params, config);
      Preprocess preprocess =
          new Preprocess(
              tokenizer,
              config.conversation(),
              recipe.tiles(config.tiles()),
              config.multimodal().tokensPerTile());
      objective = objective(config, preprocess, model, decoders);
      learning = learning();
      if (recipe.lora() != null && learning.keySet().stream().noneMatch(n -> n.contains(LORA))) {
        throw new IllegalArgumentException(
            "the recipe has lora, but its train patterns " + recipe.train() + " match no " + LORA);
      }
      gradients = new GradientExchange(workers, learning.values());
      shards = recipe.shardOptimizer() ? OptimizerShards.of(workers, learning) : null;
      optimizer = new AdamW(groups(), name -> shards == null || shards.mine(name));
      if (state != null) {
        optimizer.load(state.optimizer());
      }
      List<Mixture.Part> data = objective.data();
      steps = recipe.steps(data.stream().mapToLong(Mixture.Part::size).sum());
      schedule =
          new LearningRate(
              LearningRate.Shape.COSINE, recipe.warmup(steps), steps, recipe.finalLr());
      batches =
          new Batches<>(
              objective,
              new Mixture(data, recipe.batch(), recipe.mixed(), recipe.grouped(), recipe.seed()),
              recipe.seed(),
              (long) done * recipe.accumulate() + workers.rank(),
              workers.size());
    }
    if (learning.isEmpty()) {
      throw new IllegalArgumentException(
          "the recipe's train patterns " + recipe.train() + " match no parameter");
    }
  }

  @SuppressWarnings("unchecked")
  private Objective<Object> objective(
      VisionLlmConfig config, Preprocess preprocess, Multimodal model, Decoders decoders)
      throws IOException {
    Painters painters = new Painters(recipe.model(), decoders, recipe.painter(), problems);
    Tasks tasks = new Tasks(config, preprocess, model, decoders, recipe.detector(), painters);
    Objective<?> o =
        switch (recipe.objective()) {
          case PATCHES -> {
            Corpus corpus =
                Corpus.read(recipe.data().stream().flatMap(s -> s.folders().stream()).toList());
            Teacher teacher =
                recipe.teacher() > 0
                    ? new Teacher(config, corpus, model, decoders.gdino(), extra, recipe)
                    : null;
            yield new PatchObjective(corpus, preprocess, model, extra, teacher);
          }
          case CODES -> {
            List<CodedSource> sources = new ArrayList<>();
            for (Source s : recipe.data()) {
              sources.add(tasks.coded(s));
            }
            yield new CodesObjective(sources, tasks.learners(), config.multimodal());
          }
          case AUTOENCODER -> AutoencoderObjective.of(recipe, decoders, params.taken().keySet());
          case DIFFUSION -> {
            List<PaintingSource> sources = new ArrayList<>();
            for (Source s : recipe.data()) {
              sources.add(painters.source(s, null));
            }
            yield new DiffusionObjective(sources, painters.learners());
          }
          case LINKED -> {
            List<SampleSource> sources = new ArrayList<>();
            for (Source s : recipe.data()) {
              sources.add(tasks.source(s));
            }
            yield new LinkedObjective(
                sources, model, tasks.learners(), recipe.link(), recipe.recompute(), problems);
          }
        };
    return (Objective<Object>) o; // each objective eats the batches it loads
  }

  private Map<String, Tensor> learning() {
    Map<String, Tensor> out = new LinkedHashMap<>();
    Set<Tensor> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    params
        .taken()
        .forEach(
            (name, t) -> {
              if (recipe.trains(name) && t.is_floating_point() && seen.add(t)) {
                out.put(name, t.requires_grad_(true));
              }
            });
    extra.taken().forEach((name, t) -> out.put("extra." + name, t.requires_grad_(true)));
    return out;
  }

  /** Number of parameters that learn. */
  public long learningParameters() {
    return learning.values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Steps done so far, counting those of earlier parts of the run. */
  public int done() {
    return done;
  }

  /** Steps of the whole run. */
  public int steps() {
    return steps;
  }

  @Override
  public boolean hasNext() {
    return done < steps;
  }

  @Override
  public Step next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the run is complete");
    }
    Map<String, Double> mine = new LinkedHashMap<>();
    Map<String, Double> parts;
    double factor = schedule.factor(done + 1);
    double norm;
    try (var scope = TensorScope.open()) {
      for (int pass = workers.rank(); pass < recipe.accumulate(); pass += workers.size()) {
        if (pass + workers.size() >= recipe.accumulate()) {
          gradients.begin();
        }
        Object batch = batches.take();
        long number = (long) done * recipe.accumulate() + pass;
        RandomGenerator random = Batches.random(~recipe.seed(), number);
        torch.manual_seed(random.nextLong());
        TensorScope.value(
            () -> {
              backward(batch, random, mine);
              return null;
            });
      }
      gradients.finish();
      parts = workers.sum(objective.parts(), mine);
      norm = GradClip.clip(learning.values(), recipe.clip());
      if (!Double.isFinite(norm)) {
        throw new RunFailed(
            "step "
                + (done + 1)
                + ": the gradient is not finite, losses "
                + parts
                + ": lower lr or look at the data",
            null);
      }
      optimizer.step(factor);
      if (shards != null) {
        shards.exchange();
      }
      optimizer.zeroGrad();
    }
    done++;
    if (done % recipe.saveEvery() == 0
        || done == steps
        || (recipe.evaluate() != null && recipe.evaluate().after(done, steps))) {
      save();
    }
    double loss = parts.values().stream().mapToDouble(Double::doubleValue).sum();
    return new Step(done, loss, parts, recipe.lr() * factor, norm);
  }

  private void backward(Object batch, RandomGenerator random, Map<String, Double> parts) {
    boolean half = recipe.precision() == Recipe.Precision.BF16;
    if (half) {
      torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
      torch.set_autocast_enabled(DeviceType.CPU, true);
    }
    Tensor total = null;
    Objective.Losses losses;
    try {
      losses = objective.losses(batch, random);
      for (Map.Entry<String, Tensor> e : losses.parts().entrySet()) {
        Tensor share = e.getValue().div(new Scalar((double) recipe.accumulate()));
        total = total == null ? share : total.add(share);
        parts.merge(e.getKey(), (double) share.item_float(), Double::sum);
      }
    } finally {
      if (half) {
        torch.clear_cache();
        torch.set_autocast_enabled(DeviceType.CPU, false);
      }
    }
    total.backward();
    if (losses.chain() != null) {
      losses.chain().backward();
    }
  }

  /** Parameters by learning-rate factor and decay; biases and norms do not decay. */
  private List<AdamW.Group> groups() {
    record Key(double factor, boolean decays) {}
    Map<Key, Map<String, Tensor>> groups = new LinkedHashMap<>();
    learning.forEach(
        (name, t) ->
            groups
                .computeIfAbsent(
                    new Key(recipe.factor(name), t.dim() > 1 && !name.endsWith("bias")),
                    k -> new LinkedHashMap<>())
                .put(name, t));
    return groups.entrySet().stream()
        .map(
            e ->
                new AdamW.Group(
                    recipe.lr() * e.getKey().factor(),
                    e.getKey().decays() ? recipe.weightDecay() : 0,
                    e.getValue()))
        .toList();
  }

  /**
   * Writes a checkpoint from which the run resumes, unless it is there: the first of several
   * processes does, which all call this at once.
   */
  public void save() {
    if (saved == done) {
      return;
    }
    saved = done;
    try (var scope = TensorScope.open()) {
      Map<String, Tensor> own = optimizer.state();
      Map<String, Tensor> moments = shards == null ? own : shards.gather(own);
      if (workers.rank() > 0) {
        return;
      }
      if (recipe.lora() != null) { // so that whoever opens the folder merges them
        Adapter.describe(out, learning.keySet(), recipe.lora().config());
      }
      TrainState.write(out, done, params.taken(), extra.taken(), moments);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("checkpoint " + out + " cannot be written", e);
    }
  }

  @Override
  public void close() {
    gradients.close();
    batches.close();
    objective.close();
    optimizer.close();
    params.close();
    extra.close();
    tokenizer.close();
    workers.close();
  }
}
