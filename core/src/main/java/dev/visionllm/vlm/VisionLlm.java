package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.image.Raster;
import dev.visionllm.link.Route;
import dev.visionllm.link.Tool;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.llama.Sampling;
import dev.visionllm.nn.Params;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.tensor.Hardware;
import dev.visionllm.tensor.Native;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.SpecialTokens;
import dev.visionllm.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * VisionLLM v2, loaded and ready: ask about pictures, or name classes and get their boxes. Results
 * are plain records in pixels of the given pictures.
 *
 * <p>Requests run one after the other; several threads may share a model.
 */
public final class VisionLlm implements AutoCloseable {
  /**
   * How an answer is made.
   *
   * @param maxTokens most tokens of the answer
   * @param beams 1 for token by token, more for beam search
   * @param sampling how tokens are drawn; beam search uses only its repetition penalty
   * @param threshold least score of a detection
   */
  public record Options(int maxTokens, int beams, Sampling sampling, double threshold) {
    /** Refuses values without a meaning. */
    public Options {
      if (maxTokens < 1 || beams < 1 || beams > 64 || !(threshold >= 0 && threshold <= 1)) {
        throw new IllegalArgumentException(
            "maxTokens is "
                + maxTokens
                + ", should be positive; beams "
                + beams
                + ", should be 1 to 64; threshold "
                + threshold
                + ", should be 0 to 1");
      }
    }
  }

  private static final int ANSWER = 256;
  private static final int MOST_BOXES = 300;

  /** Parts of a checkpoint that this version does not run yet. */
  private static final List<Pattern> OTHER_PARTS =
      List.of(Pattern.compile("(unipose|sd|ip2p)\\..*"), Pattern.compile("gdino\\.mask.*"));

  private final VisionLlmConfig config;
  private final Tokenizer tokenizer;
  private final SpecialTokens special;
  private final Preprocess preprocess;
  private final Params params;
  private final Multimodal model;
  private final Finder finder; // or null

  private VisionLlm(Path dir, Hardware hardware) throws IOException {
    config = VisionLlmConfig.read(dir);
    tokenizer = Tokenizer.load(dir);
    special = SpecialTokens.of(tokenizer);
    if (tokenizer.size() > config.multimodal().llm().vocab()) {
      throw new IllegalArgumentException(
          dir
              + ": the tokenizer has "
              + tokenizer.size()
              + " tokens, config.json's vocab_size is "
              + config.multimodal().llm().vocab()
              + ": they belong to different models");
    }
    preprocess =
        new Preprocess(
            tokenizer, config.conversation(), config.tiles(), config.multimodal().tokensPerTile());
    Checkpoint checkpoint = Checkpoint.open(dir);
    params = new Params(checkpoint.withHardware(hardware));
    try (var scope = TensorScope.open()) {
      model = new Multimodal(params, config.multimodal(), special::id);
      finder =
          config.gdino() == null
              ? null
              : new Finder(
                  new GroundingDino(params.at("gdino"), config.gdino()), config.detector());
      checkpoint.refuseUnexpected(params.taken().keySet(), OTHER_PARTS);
      checkpoint.refuseUnequal(params.taken());
    } catch (RuntimeException e) {
      params.close();
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Loads a model on the CPU in single precision.
   *
   * @param dir folder with config.json, tokenizer files and *.safetensors
   * @throws IllegalArgumentException if a file is not what it should be; names file and part
   */
  public static VisionLlm load(Path dir) throws IOException {
    return load(dir, Hardware.CPU);
  }

  /** Loads a model on given hardware. */
  public static VisionLlm load(Path dir, Hardware hardware) throws IOException {
    if (!Files.isDirectory(dir)) {
      throw new IllegalArgumentException(
          "model folder "
              + dir
              + " does not exist: give a folder with config.json, tokenizer"
              + " files and *.safetensors");
    }
    Native.load();
    return new VisionLlm(dir, hardware);
  }

  /** The configuration it was loaded with. */
  public VisionLlmConfig config() {
    return config;
  }

  /** Greedy decoding with the model's own detection threshold. */
  public Options options() {
    return new Options(ANSWER, 1, Sampling.GREEDY, config.threshold());
  }

  /** Answers a prompt. */
  public Answer ask(Prompt prompt) {
    return ask(prompt, options());
  }

  /** Answers a prompt. */
  public Answer ask(Prompt prompt, Options options) {
    if (options.beams() == 1) {
      return ask(List.of(prompt), options).get(0);
    }
    return chat().ask(prompt, options);
  }

  /**
   * Answers several prompts in one batch; each gets the answer it would get alone.
   *
   * @param options beams must be 1
   */
  public synchronized List<Answer> ask(List<Prompt> prompts, Options options) {
    List<Inputs> rows = prompts.stream().map(this::inputs).toList();
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard();
        Decoding state = new Decoding(model, embed(rows, options))) {
      List<int[]> ids = Generate.batch(state, rules(options));
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        answers.add(answer(ids.get(i), state.routes(i), prompts.get(i).images(), options));
      }
      return answers;
    }
  }

  /** A conversation that remembers its turns. */
  public Chat chat() {
    return new Chat(this);
  }

  /** Finds named classes with the model's own threshold; see the other method. */
  public List<Detection> detect(Raster picture, List<String> classes) {
    return detect(picture, classes, config.threshold());
  }

  /**
   * Finds named classes (guided: the classes are given to the model, not written by it).
   *
   * @param classes at least one name; any number
   * @param threshold score that a detection must exceed, 0 to 1
   * @return best first, boxes in pixels of the picture
   */
  public synchronized List<Detection> detect(
      Raster picture, List<String> classes, double threshold) {
    List<String> names =
        List.copyOf(new LinkedHashSet<>(classes.stream().map(String::strip).toList()));
    if (names.isEmpty() || names.contains("")) {
      throw new IllegalArgumentException("name at least one class, and none of them empty");
    }
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      List<Tensor> queries = new ArrayList<>();
      for (int from = 0; from < names.size(); from += config.classesPerPrompt()) {
        int to = Math.min(names.size(), from + config.classesPerPrompt());
        Inputs row = Guided.inputs(preprocess, picture, names.subList(from, to));
        queries.add(TensorScope.of(() -> guided(row)));
      }
      return finder().find(picture, names, queries, MOST_BOXES, threshold);
    }
  }

  /** Super-link states of a laid down answer, (n, q, d). */
  private Tensor guided(Inputs row) {
    try (Decoding state = new Decoding(model, model.embed(List.of(row), new SplittableRandom(0)))) {
      return state.promptRoutes(0).get(0).queries();
    }
  }

  /**
   * Starts an answer whose text arrives piece by piece.
   *
   * @param pictures those of the whole conversation, the prompt's included
   * @param marks regions of the whole conversation, the prompt's included
   */
  synchronized AnswerStream stream(
      List<Conversation.Turn> history,
      List<Raster> pictures,
      List<Preprocess.Mark> marks,
      Prompt prompt,
      Options options) {
    Inputs row = inputs(history, pictures, marks, prompt);
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      Decoding state = new Decoding(model, embed(List.of(row), options));
      if (options.beams() > 1) {
        int[] best;
        try (state) {
          best = Generate.beam(state, rules(options), options.beams());
        }
        Decoding replay = new Decoding(model, embed(List.of(row), options));
        return new AnswerStream(this, replay, Generate.given(replay, best), pictures, options);
      }
      return new AnswerStream(
          this, state, Generate.stream(state, rules(options)), pictures, options);
    }
  }

  private Inputs inputs(Prompt prompt) {
    int pictures = prompt.images().size();
    return inputs(
        List.of(), prompt.images(), Preprocess.Mark.onLast(pictures, prompt.regions()), prompt);
  }

  private Inputs inputs(
      List<Conversation.Turn> history,
      List<Raster> pictures,
      List<Preprocess.Mark> marks,
      Prompt prompt) {
    Conversation.Text text = preprocess.conversation().prompt(history, Preprocess.question(prompt));
    return preprocess.inputs(pictures, marks, text);
  }

  private Multimodal.Embedded embed(List<Inputs> rows, Options options) {
    return model.embed(rows, new SplittableRandom(options.sampling().seed()));
  }

  private Generate.Rules rules(Options options) {
    List<String> stops = stops();
    Predicate<int[]> stopped = ids -> stops.stream().anyMatch(tokenizer.decode(ids)::contains);
    Set<Integer> never =
        new HashSet<>(Set.of(special.image(), special.imagePatch(), special.region()));
    IntStream.range(0, SpecialTokens.EMBS)
        .forEach(i -> never.add(special.id(SpecialTokens.embText(i))));
    return new Generate.Rules(
        special.eos(), options.maxTokens(), options.sampling(), stopped, never);
  }

  private List<String> stops() {
    return preprocess.conversation().stopStrings().stream().filter(s -> !s.isBlank()).toList();
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The answer of finished token ids; boxes are on the last picture. */
  Answer answer(int[] ids, List<Route> routes, List<Raster> pictures, Options options) {
    String text = tokenizer.decode(ids);
    for (String stop : stops()) {
      int end = text.indexOf(stop);
      text = end < 0 ? text : text.substring(0, end);
    }
    List<Detection> found = new ArrayList<>();
    for (Route r : routes) {
      if (!r.tool().name().equals("det") || pictures.isEmpty()) {
        continue; // decoders of the other tools are not part of this version
      }
      Raster picture = pictures.get(pictures.size() - 1);
      List<Tensor> queries = List.of(r.queries());
      found.addAll(
          finder().find(picture, names(ids, r.tool()), queries, MOST_BOXES, options.threshold()));
    }
    return new Answer(text.strip(), List.copyOf(found));
  }

  /** What each call of a tool names; by ids, since an answer may also spell a token in letters. */
  private List<String> names(int[] ids, Tool tool) {
    List<String> names = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < ids.length; i++) {
      Tool called = model.links().toolOf(ids[i]);
      if (called == tool) {
        names.add(AnswerText.label(tokenizer.decode(Arrays.copyOfRange(ids, from, i))));
      }
      from = called == null ? from : i + 1;
    }
    return names;
  }

  private Finder finder() {
    if (finder == null) {
      throw new IllegalArgumentException("this model has no detector: use_gdino is false");
    }
    return finder;
  }

  @Override
  public synchronized void close() {
    params.close();
    tokenizer.close();
  }
}
