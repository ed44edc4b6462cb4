package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.Raster;
import dev.visionllm.link.Route;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.model.llama.Sampling;
import dev.visionllm.nn.Params;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Detection;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Pose;
import dev.visionllm.result.Segment;
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
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.NoGradGuard;

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

  /** The decoders' parts, which are checked when they are loaded. */
  private static final List<Pattern> DECODERS =
      List.of(Pattern.compile("(gdino|unipose|sd|ip2p)\\..*"));

  private final VisionLlmConfig config;
  private final Tokenizer tokenizer;
  private final SpecialTokens special;
  private final Preprocess preprocess;
  private final Params params;
  private final Multimodal model;
  private final Tools tools;

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
    tools = new Tools(dir, config, checkpoint, hardware);
    try (var scope = TensorScope.open()) {
      model = new Multimodal(params, config.multimodal(), special::id);
      checkpoint.refuseUnexpected(params.taken().keySet(), DECODERS);
      checkpoint.refuseUnequal(params.taken());
    } catch (RuntimeException e) {
      params.close();
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Loads a model on the CPU in single precision. Decoders are read when they are first used.
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
  public List<Answer> ask(List<Prompt> prompts, Options options) {
    return answers(prompts, options, true);
  }

  /** As {@link #ask(List, Options)}, but the tools that the answers call do not run. */
  public List<Answer> write(List<Prompt> prompts, Options options) {
    return answers(prompts, options, false);
  }

  private synchronized List<Answer> answers(
      List<Prompt> prompts, Options options, boolean withTools) {
    List<Inputs> rows = prompts.stream().map(this::inputs).toList();
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard();
        Decoding state = new Decoding(model, embed(rows, options))) {
      List<int[]> ids = Generate.batch(state, rules(options));
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < rows.size(); i++) {
        Prompt prompt = prompts.get(i);
        answers.add(
            withTools
                ? answer(ids.get(i), state.routes(i), last(prompt.images()), prompt, options)
                : new Answer(text(ids.get(i)), List.of()));
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
    return guided(
        () -> tools.finder().find(picture, named(Guided::detect, picture, classes), threshold));
  }

  /**
   * Finds the pixels of the objects of named classes; as {@link #detect(Raster, List, double)}.
   *
   * @throws IllegalArgumentException if the model finds no masks
   */
  public synchronized List<Segment> segment(
      Raster picture, List<String> classes, double threshold) {
    return guided(
        () -> tools.finder().segment(picture, named(Guided::segment, picture, classes), threshold));
  }

  /**
   * Gives each pixel the class that fits it best.
   *
   * @param classes at least one name, each once
   * @return indices into the classes
   */
  public synchronized LabelMap semantic(Raster picture, List<String> classes) {
    List<String> names = distinct(classes);
    if (names.size() != classes.size()) {
      throw new IllegalArgumentException("a class is named twice in " + classes);
    }
    return guided(() -> tools.finder().semantic(picture, named(Guided::segment, picture, names)));
  }

  /**
   * Finds the pixels of marked objects (interactive segmentation): for each region the one object
   * whose score and fit with the mark are best, labelled "region 1" and so on; none for a region
   * that meets nothing of a score above the threshold.
   *
   * @param regions at least one
   * @return in the order of the regions
   */
  public synchronized List<Segment> segmentMarked(
      Raster picture, List<VisualPrompt> regions, double threshold) {
    if (regions.isEmpty()) {
      throw new IllegalArgumentException("mark at least one region");
    }
    return guided(
        () -> {
          List<Call> calls =
              laid(
                  Guided.segment(regions.size()),
                  List.of(picture),
                  regions.stream().map(r -> new Preprocess.Mark(0, r)).toList());
          var found =
              tools.finder().segment(picture, calls, threshold).stream()
                  .collect(Collectors.groupingBy(Segment::label));
          return IntStream.range(0, regions.size())
              .mapToObj(
                  i ->
                      Marked.object(
                          found.getOrDefault(Guided.region(i + 1), List.of()), regions.get(i)))
              .flatMap(Optional::stream)
              .toList();
        });
  }

  /**
   * Finds the one object that an expression describes: its box, and its pixels where the model
   * finds masks.
   *
   * @return a {@link Detection} or a {@link Segment}; empty if no score exceeds the threshold
   */
  public synchronized Optional<Finding> ground(
      Raster picture, String expression, double threshold) {
    String text = distinct(List.of(expression)).get(0);
    return guided(
        () -> {
          List<Call> calls = laid(Guided.ground(text), List.of(picture), List.of());
          return tools.run(calls, picture, text, threshold, 0).stream().findFirst();
        });
  }

  /**
   * Finds objects and their keypoints.
   *
   * @param sets the keypoints to find, by class
   * @return best first, in pixels of the picture
   */
  public synchronized List<Pose> pose(
      Raster picture, Map<String, KeypointSet> sets, double threshold) {
    Map<KeypointSet, List<String>> classes = new LinkedHashMap<>();
    distinct(List.copyOf(sets.keySet()))
        .forEach(c -> classes.computeIfAbsent(sets.get(c), s -> new ArrayList<>()).add(c));
    return guided(
        () -> {
          List<PoseFinder.Asked> asked = new ArrayList<>();
          classes.forEach(
              (set, names) -> {
                List<Call> calls = laid(Guided.pose(names, set), List.of(picture), List.of());
                int n = names.size();
                asked.add(
                    new PoseFinder.Asked(calls.subList(0, n), set, calls.subList(n, calls.size())));
              });
          return tools.poses().find(picture, asked, threshold);
        });
  }

  /** How the model makes pictures unless it is told otherwise. */
  public synchronized Settings generation() {
    return tools.painter(false).settings(null, 0);
  }

  /** How the model edits a picture unless it is told otherwise; sized like the picture. */
  public synchronized Settings editing(Raster picture) {
    return tools.painter(true).settings(picture, 0);
  }

  /**
   * Starts making pictures of a caption.
   *
   * @param negative what is to be avoided, or empty
   * @return take its steps, then its pictures, then close it, before the model is closed
   */
  public synchronized Denoising generate(String caption, String negative, Settings settings) {
    String text = distinct(List.of(caption)).get(0);
    return paint(Guided.generate(text), null, negative, settings);
  }

  /** Starts changing a picture as told; as {@link #generate}. */
  public synchronized Denoising edit(
      Raster picture, String instruction, String negative, Settings settings) {
    String text = distinct(List.of(instruction)).get(0);
    return paint(Guided.edit(text), picture, negative, settings);
  }

  private Denoising paint(Guided guided, Raster picture, String negative, Settings settings) {
    Painter painter = tools.painter(picture != null);
    List<Raster> pictures = picture == null ? List.of() : List.of(picture);
    return guided(
        () -> painter.start(laid(guided, pictures, List.of()).get(0), picture, negative, settings));
  }

  /** Frees the decoders' memory; the next use of one reads it again. */
  public synchronized void unloadDecoders() {
    tools.close();
  }

  /** The decoders in memory, by the first word of their tensors' names. */
  public synchronized List<String> loadedDecoders() {
    return tools.loaded();
  }

  private static <T> T guided(Supplier<T> work) {
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      return work.get();
    }
  }

  private static List<String> distinct(List<String> names) {
    List<String> out = names.stream().map(String::strip).distinct().toList();
    if (out.isEmpty() || out.contains("")) {
      throw new IllegalArgumentException("name at least one class, and none of them empty");
    }
    return out;
  }

  /** Calls for any number of classes, as many in one prompt as the config says. */
  private List<Call> named(
      Function<List<String>, Guided> guided, Raster picture, List<String> classes) {
    List<String> names = distinct(classes);
    List<Call> calls = new ArrayList<>();
    for (int from = 0; from < names.size(); from += config.classesPerPrompt()) {
      int to = Math.min(names.size(), from + config.classesPerPrompt());
      calls.addAll(laid(guided.apply(names.subList(from, to)), List.of(picture), List.of()));
    }
    return calls;
  }

  /** The calls of a laid down answer. */
  private List<Call> laid(Guided guided, List<Raster> pictures, List<Preprocess.Mark> marks) {
    Inputs row = guided.inputs(preprocess, pictures, marks);
    List<Call> calls = new ArrayList<>();
    TensorScope.all(
        () -> {
          try (Decoding state =
              new Decoding(model, model.embed(List.of(row), new SplittableRandom(0)))) {
            calls.addAll(Call.of(state.promptRoutes(0), guided.labels()));
          }
          return calls.stream().map(Call::states).toList();
        });
    return calls;
  }

  /**
   * Starts an answer whose text arrives piece by piece.
   *
   * @param row the conversation up to the answer
   * @param latest what tools look at: the picture that was shown or made last, or null
   * @param given the answer if it is known already, with its routing tokens, or null
   */
  synchronized AnswerStream stream(
      Inputs row, Raster latest, Prompt prompt, String given, Options options) {
    try (var scope = TensorScope.open();
        var noGrad = new NoGradGuard()) {
      int[] answer = given == null ? null : tokenizer.encode(given);
      if (given == null && options.beams() > 1) {
        try (Decoding search = new Decoding(model, embed(List.of(row), options))) {
          answer = Generate.beam(search, rules(options), options.beams());
        }
      }
      Decoding state = new Decoding(model, embed(List.of(row), options));
      Iterator<Integer> tokens =
          answer == null ? Generate.stream(state, rules(options)) : Generate.given(state, answer);
      return new AnswerStream(this, state, tokens, latest, prompt, options);
    }
  }

  private Inputs inputs(Prompt prompt) {
    return inputs(List.of(), prompt.images(), Preprocess.Mark.of(0, prompt), prompt);
  }

  Inputs inputs(
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

  Multimodal multimodal() {
    return model;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * The answer of finished token ids.
   *
   * @param picture what tools look at, or null
   */
  Answer answer(int[] ids, List<Route> routes, Raster picture, Prompt prompt, Options options) {
    List<Call> calls = Call.of(routes, names(ids));
    long seed = options.sampling().seed();
    return new Answer(
        text(ids), tools.run(calls, picture, prompt.text(), options.threshold(), seed));
  }

  private String text(int[] ids) {
    String text = tokenizer.decode(ids);
    for (String stop : stops()) {
      int end = text.indexOf(stop);
      text = end < 0 ? text : text.substring(0, end);
    }
    return text.strip();
  }

  /** What each call names; by ids, since an answer may also spell a token in letters. */
  private List<String> names(int[] ids) {
    List<String> names = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < ids.length; i++) {
      if (model.links().toolOf(ids[i]) != null) {
        names.add(AnswerText.label(tokenizer.decode(Arrays.copyOfRange(ids, from, i))));
        from = i + 1;
      }
    }
    return names;
  }

  static Raster last(List<Raster> pictures) {
    return pictures.isEmpty() ? null : pictures.get(pictures.size() - 1);
  }

  @Override
  public synchronized void close() {
    tools.close();
    params.close();
    tokenizer.close();
  }
}
