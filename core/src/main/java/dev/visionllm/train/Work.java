package dev.visionllm.train;

import dev.visionllm.data.Mmic;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Tiles;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.VisionLlmConfig;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Operations of a step, estimated from sizes: each number of a matrix makes a multiplication and an
 * addition at each place where the matrix is used, once on the way there, once more on the way back
 * where a gradient goes through it, and once more where it learns. Rows are as long and pictures as
 * large as the run allows. Attention is counted for the image encoder and the language model; of
 * the decoders only the detector is counted, and the region encoder is not.
 */
final class Work {
  private static final Pattern STAGE =
      Pattern.compile("gdino\\.model\\.backbone.*\\.(\\d+)\\.(blocks|downsample)\\..*");
  private static final Pattern EVERY_LEVEL =
      Pattern.compile(
          "gdino\\.model\\.(encoder\\..*(deformable_layer|vision_proj).*|enc_output\\..*"
              + "|encoder_output_bbox_embed\\..*|decoder\\..*value_proj.*)");
  private static final Pattern MASKS =
      Pattern.compile("gdino\\.model\\.(lateral_convs|output_convs|mask_features)\\..*");
  private static final Pattern PASSED_BY = // looked up, not multiplied with
      Pattern.compile(".*(embed_tokens|position_embedding|emb_embeddings|query_position).*");
  private static final int NAME = 4; // tokens of a class name and what is around it

  private final Recipe recipe;
  private final VisionLlmConfig config;
  private final Layout layout;

  Work(Recipe recipe, VisionLlmConfig config, Layout layout) {
    if (recipe.objective() == Recipe.Objective.CODES
        && config.gdino() == null
        && recipe.data().stream().anyMatch(Work::detects)) {
      throw new IllegalArgumentException(
          "objective codes trains a detector, the model has none: set use_gdino in config.json");
    }
    this.recipe = recipe;
    this.config = config;
    this.layout = layout;
  }

  /** Of a step, all passes together; null for objectives whose decoders are not counted. */
  Double step() {
    if (!counts()) {
      return null;
    }
    double ratios = recipe.data().stream().mapToDouble(Source::ratio).sum();
    double row = recipe.data().stream().mapToDouble(s -> row(s) * s.ratio() / ratios).sum();
    return (double) recipe.batch() * recipe.accumulate() * row;
  }

  /** Most tokens of a row of any source. */
  int tokens() {
    return recipe.data().stream().mapToInt(this::tokens).max().orElseThrow();
  }

  private boolean counts() {
    return switch (recipe.objective()) {
      case AUTOENCODER, DIFFUSION -> false;
      case CODES -> recipe.data().stream().allMatch(Work::detects);
      case PATCHES, LINKED -> true;
    };
  }

  /** What the rate of a machine is to be measured by; null where {@link #step} is. */
  Plan.Product product() {
    if (!counts()) {
      return null;
    }
    var vision = config.multimodal().vision();
    var llm = config.multimodal().llm();
    return switch (recipe.objective()) {
      case PATCHES ->
          new Plan.Product(
              (long) recipe.batch() * vision.tokens(), vision.hidden(), vision.hidden());
      case CODES ->
          new Plan.Product(
              (long) recipe.batch() * everyLevel(),
              config.gdino().hidden(),
              config.gdino().encoderFfn());
      case LINKED -> new Plan.Product((long) recipe.batch() * tokens(), llm.hidden(), llm.mlp());
      case AUTOENCODER, DIFFUSION -> null;
    };
  }

  private double row(Source s) {
    return switch (recipe.objective()) {
      case PATCHES -> seen(1) + (recipe.teacher() > 0 ? forward("gdino") : 0);
      case CODES -> detector(false);
      case LINKED ->
          seen(pictures(s) * tiles(s))
              + language(tokens(s))
              + (detects(s) ? detector(throughLanguage()) : 0);
      case AUTOENCODER, DIFFUSION -> 0;
    };
  }

  /** Whether a task's answers call the detector. */
  private static boolean detects(Source s) {
    return s instanceof Source.Objects
        || s instanceof Source.Expressions
        || s instanceof Source.Segmentation
        || s instanceof Source.Interactive
        || s instanceof Source.InContext;
  }

  /** Image encoder and bridge. */
  private double seen(int tiles) {
    var v = config.multimodal().vision();
    double t = v.tokens();
    double attention = 4 * t * t * v.hidden() * v.layers();
    double encoder = 2 * t * matrices("vis_encoder") + attention;
    double bridge = 2.0 * config.multimodal().tokensPerTile() * matrices("vl_bridge");
    return tiles
        * (encoder * ways("vis_encoder", false)
            + bridge * ways("vl_bridge", learns("vis_encoder")));
  }

  private double language(int tokens) {
    var c = config.multimodal().llm();
    double t = tokens;
    double attention = 2 * t * t * c.hidden() * c.layers(); // half of it lies behind the mask
    double there = 2 * t * matrices("llm") + attention;
    double again = recipe.recompute() && throughLanguage() ? there : 0;
    return there * ways("llm", throughLanguage()) + again;
  }

  /** Whether a gradient goes through the language model: something learns in it or before it. */
  boolean throughLanguage() {
    return recipe.objective() == Recipe.Objective.LINKED
        && layout.parameters().values().stream()
            .filter(p -> !p.name().matches("(gdino|unipose|sd|ip2p)\\..*"))
            .anyMatch(p -> recipe.trains(p.name()));
  }

  private double detector(boolean gradient) {
    return config.gdino() == null ? 0 : forward("gdino") * ways("gdino", gradient);
  }

  private double forward(String part) {
    return layout.parameters().values().stream()
        .filter(p -> isMatrix(p) && Layout.part(p.name()).equals(part))
        .mapToDouble(p -> 2.0 * p.numbers() * places(p.name()))
        .sum();
  }

  /** How often the detector uses a matrix for a picture. */
  private double places(String name) {
    Matcher stage = STAGE.matcher(name);
    if (stage.matches()) {
      int k = Integer.parseInt(stage.group(1)) + (stage.group(2).equals("downsample") ? 1 : 0);
      return level(k);
    }
    return EVERY_LEVEL.matcher(name).matches()
        ? everyLevel()
        : MASKS.matcher(name).matches()
            ? level(0)
            : config.gdino().queries() + 2.0 * recipe.detector().denoising();
  }

  /** Places of a map of the detector's backbone. @param halvings of its first map */
  private long level(int halvings) {
    DetectorResize size = config.detector();
    int stride = config.gdino().backbone().patch() << halvings;
    return cells(size.shortSide(), stride) * cells(size.longSide(), stride);
  }

  private static long cells(int side, int stride) {
    return (side + stride - 1L) / stride;
  }

  /** Places of all levels that the detector's encoder reads. */
  private long everyLevel() {
    long sum = 0;
    for (int k = 1; k <= config.gdino().levels(); k++) {
      sum += level(k);
    }
    return sum;
  }

  private double matrices(String part) {
    return layout.parameters().values().stream()
        .filter(p -> isMatrix(p) && Layout.part(p.name()).equals(part))
        .mapToDouble(Layout.Parameter::numbers)
        .sum();
  }

  private static boolean isMatrix(Layout.Parameter p) {
    return p.shape().length > 1
        && p.whole() == null
        && !p.again()
        && !PASSED_BY.matcher(p.name()).matches();
  }

  private boolean learns(String part) {
    return learning(part) > 0;
  }

  private double learning(String part) {
    return layout.parameters().values().stream()
        .filter(p -> isMatrix(p) && Layout.part(p.name()).equals(part))
        .filter(p -> recipe.trains(p.name()))
        .mapToDouble(Layout.Parameter::numbers)
        .sum();
  }

  /** There, back, and to what learns. @param gradient whether one goes through for another part */
  private double ways(String part, boolean gradient) {
    return 1 + (gradient || learns(part) ? 1 : 0) + learning(part) / matrices(part);
  }

  private static int pictures(Source s) {
    return s instanceof Source.InContext ? Mmic.MOST_PICTURES : 1;
  }

  /** Most tiles of a picture. */
  private int tiles(Source s) {
    Tiles tiles = recipe.tiles(config.tiles());
    if (s instanceof Source.InContext c) {
      tiles = tiles.withMost(c.maxTiles());
    }
    return tiles.mode() != Tiles.Mode.ANYRES || tiles.maxTiles() == 1 ? 1 : tiles.maxTiles() + 1;
  }

  private int tokens(Source s) {
    if (s instanceof Source.Conversations c) {
      return c.tokens();
    }
    int text =
        pictures(s) * named(s) * (2 * NAME + config.multimodal().queries()); // asked and answered
    if (s instanceof Source.Generation || s instanceof Source.Editing) {
      text += config.multimodal().generationQueries();
    }
    int shown = pictures(s) * tiles(s) * config.multimodal().tokensPerTile();
    return Math.min(shown + text, config.multimodal().llm().context());
  }

  /** Most names that a row of a task asks for. */
  private int named(Source s) {
    if (s instanceof Source.Objects o) {
      return o.classes();
    }
    if (s instanceof Source.Segmentation o) {
      return o.classes();
    }
    if (s instanceof Source.Interactive o) {
      return o.regions();
    }
    if (s instanceof Source.Keypoints o && config.unipose() != null) {
      return o.classes() + config.unipose().groups().slots();
    }
    return 1;
  }
}
