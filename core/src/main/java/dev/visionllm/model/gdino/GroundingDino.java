package dev.visionllm.model.gdino;

import dev.visionllm.nn.Embedding;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Features;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Mlp;
import dev.visionllm.nn.Params;
import dev.visionllm.nn.Pyramid;
import dev.visionllm.nn.TextMasks;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Grounding DINO (Liu et al. 2023) as VisionLLM v2 uses it: the text encoder's place is taken by
 * super-link queries of the language model, one group for each class. Parameter names are those of
 * Hugging Face's GroundingDinoForObjectDetection, below {@code gdino}.
 *
 * <p>Shapes: b images; p classes, padded to the longest prompt of the batch; e super-link queries a
 * class; l the language model's hidden size; d hidden size here; n picture tokens of all levels; q
 * object queries; g denoising queries.
 */
public final class GroundingDino {
  /**
   * @param hidden d
   * @param queries q
   * @param encoderFfn hidden size of the MLPs in the encoder; twice that of classes and fusion
   * @param encoderHeads of picture tokens; twice those of classes and fusion
   * @param encoderPoints places a head looks at on each level
   * @param levels of the picture's pyramid: three from the backbone, more by convolution
   * @param maxTextLen classes of one pass
   * @param textHidden l
   * @param masks whether there is a mask branch
   * @param maskDim channels of mask features
   * @param sharedBoxHead whether all decoder layers share one box head
   * @param temperature of the picture's position encoding
   * @param dropout in training
   * @param fusionDropPath in training
   */
  public record Config(
      Swin.Config backbone,
      int hidden,
      int queries,
      int encoderLayers,
      int encoderFfn,
      int encoderHeads,
      int encoderPoints,
      int decoderLayers,
      int decoderFfn,
      int decoderHeads,
      int decoderPoints,
      int levels,
      int maxTextLen,
      int textHidden,
      boolean masks,
      int maskDim,
      boolean sharedBoxHead,
      double temperature,
      double dropout,
      double fusionDropPath) {
    /** The 7B release: Grounding DINO tiny. */
    public static final Config SWIN_T =
        new Config(
            Swin.Config.TINY,
            256,
            900,
            6,
            2048,
            8,
            4,
            6,
            2048,
            8,
            4,
            4,
            256,
            4096,
            true,
            256,
            true,
            20,
            0.1,
            0.1);

    /** Checks that the sizes fit together. */
    public Config {
      require(hidden % GROUPS == 0, "hidden " + hidden + " is not a multiple of 32 (group norm)");
      require(
          encoderHeads > 0 && encoderHeads % 2 == 0 && hidden % encoderHeads == 0,
          "encoder heads " + encoderHeads + " are 0, odd or do not divide hidden " + hidden);
      require(
          encoderFfn % encoderHeads == 0,
          "encoder FFN " + encoderFfn + " is not a multiple of its heads " + encoderHeads);
      require(
          decoderHeads > 0 && hidden % decoderHeads == 0,
          "decoder heads " + decoderHeads + " do not divide hidden " + hidden);
      require(levels >= 3, "levels " + levels + " are fewer than the backbone's 3");
      require(
          encoderLayers > 0 && decoderLayers > 0 && queries > 0 && maxTextLen > 0,
          "layers, queries and classes of a pass must be positive");
      require(
          !masks || (maskDim > 0 && levels <= 4),
          "masks need a positive mask dimension and 3 or 4 levels, not "
              + maskDim
              + " and "
              + levels
              + " (published branches of more levels have more lateral convolutions)");
    }

    private static void require(boolean ok, String message) {
      if (!ok) {
        throw new IllegalArgumentException("Grounding DINO: " + message);
      }
    }
  }

  /**
   * @param logits of each query for each class, minus infinity for padded classes, (b, q, p)
   * @param boxes centre x, y, width, height in shares of the picture without padding, (b, q, 4)
   * @param states what {@link Masks} are made of, (b, q, d)
   */
  public record Prediction(Tensor logits, Tensor boxes, Tensor states) {}

  /**
   * @param features what was decoded
   * @param layers of the decoder, first to last; the last is the answer
   * @param denoising of the denoising queries in each layer, or empty
   * @param encoder of the chosen picture tokens; gradients flow into their boxes
   * @param chosen which tokens these are, best first, int64 (b, q)
   * @param tokenLogits of all picture tokens, (b, n, p)
   * @param tokenBoxes of all picture tokens: logits of x, y, w, h, infinite where the token cannot
   *     hold an object, (b, n, 4)
   * @param vision the encoder's picture tokens, (b, n, d)
   * @param text the encoder's classes, (b, p, d)
   */
  public record Output(
      Features features,
      List<Prediction> layers,
      List<Prediction> denoising,
      Prediction encoder,
      Tensor chosen,
      Tensor tokenLogits,
      Tensor tokenBoxes,
      Tensor vision,
      Tensor text) {
    /** The last layer's. */
    public Prediction last() {
      return layers.get(layers.size() - 1);
    }
  }

  static final int GROUPS = Pyramid.GROUPS;

  private final Config c;
  private final Swin backbone;
  private final Pyramid pyramid;
  private final Encoder encoder;
  private final Decoder decoder;
  private final Linear enc_output;
  private final LayerNorm enc_output_norm;
  private final Mlp encoder_output_bbox_embed;
  private final Embedding query_position_embeddings; // (q, d)
  private final List<Mlp> bbox_embed;
  private final Mlp patch2query;
  private final MaskBranch masks; // or null

  /**
   * @param p the cursor at {@code gdino}
   */
  public GroundingDino(Params p, Config c) {
    this.c = c;
    int d = c.hidden();
    Params m = p.at("model");
    int stages = c.backbone().depths().size();
    backbone =
        new Swin(m.at("backbone.conv_encoder.model"), c.backbone(), c.masks() ? 0 : stages - 3);
    List<Integer> channels =
        IntStream.range(stages - 3, stages).mapToObj(c.backbone()::channels).toList();
    pyramid =
        new Pyramid(
            m, m.at("input_proj_vision"), channels, c.levels(), c.hidden(), c.temperature());
    query_position_embeddings = new Embedding(m.at("query_position_embeddings"), c.queries(), d);
    encoder = new Encoder(m.at("encoder"), c);
    bbox_embed =
        Mlp.heads(
            p.at("bbox_embed"),
            m.at("decoder.bbox_embed"),
            c.decoderLayers(),
            c.sharedBoxHead(),
            d,
            d,
            d,
            4);
    decoder = new Decoder(m.at("decoder"), c, bbox_embed);
    enc_output = new Linear(m.at("enc_output"), d, d);
    enc_output_norm = new LayerNorm(m.at("enc_output_norm"), d, 1e-5);
    encoder_output_bbox_embed = new Mlp(m.at("encoder_output_bbox_embed"), d, d, d, 4);
    patch2query = new Mlp(p.at("patch2query"), c.textHidden(), d, d, d);
    masks = c.masks() ? new MaskBranch(p, c) : null;
  }

  /** The sizes. */
  public Config config() {
    return c;
  }

  /** Super-link queries (b, p, e, l) -> one vector a class, (b, p, d). */
  public Tensor project(Tensor textQuery) {
    return TensorScope.of(() -> F.mean(patch2query.forward(textQuery), -2));
  }

  /**
   * Everything at once: {@link #features}, {@link #project}, {@link #decode}.
   *
   * @param pixels (b, 3, h, w), normalised
   * @param pixelMask (b, h, w) bool, true for pixels of a picture; null if no picture is padded
   * @param textQuery (b, p, e, l)
   * @param textMask (b, p) bool, true for classes; null if every image has p classes
   * @param denoising for a training step, or null
   * @param training whether to drop values and paths at random
   */
  public Output forward(
      Tensor pixels,
      Tensor pixelMask,
      Tensor textQuery,
      Tensor textMask,
      Denoising denoising,
      boolean training) {
    return decode(
        features(pixels, pixelMask, training), project(textQuery), textMask, denoising, training);
  }

  /**
   * The half that does not depend on classes.
   *
   * @param pixels (b, 3, h, w), normalised
   * @param pixelMask (b, h, w) bool, true for pixels of a picture; null if no picture is padded
   */
  public Features features(Tensor pixels, Tensor pixelMask, boolean training) {
    boolean padded = pixelMask != null && !pixelMask.all().item_bool();
    return pyramid.forward(backbone.forward(pixels, training), padded ? pixelMask : null, pixels);
  }

  /**
   * The half that finds the classes.
   *
   * @param text (b, p, d) of {@link #project}
   * @param textMask (b, p) bool, true for classes; null if every image has p classes
   * @param denoising for a training step, or null
   */
  public Output decode(
      Features f, Tensor text, Tensor textMask, Denoising denoising, boolean training) {
    Tensor absent = check(f, text, textMask); // (b, p), or null
    TextMasks classes = TextMasks.of(text, absent);
    List<Encoder.State> states = encoder.forward(f, text, classes, training);
    Encoder.State memory = states.get(states.size() - 1);
    long b = f.vision().size(0);

    List<Tensor> found = TensorScope.all(() -> choose(f, memory, absent));
    Tensor chosen = found.get(0); // (b, q)
    Tensor start = // the same for all pictures, (b, q, d)
        query_position_embeddings.weight().unsqueeze(0).expand(b, c.queries(), c.hidden());
    Tensor queries = start;
    Tensor boxes = found.get(4).detach(); // (b, q, 4)
    long g = 0;
    Tensor mask = null;
    if (denoising != null) {
      g = denoising.count();
      queries = F.cat(1, denoising.content(text), queries);
      boxes = F.cat(1, torch.sigmoid(denoising.boxes()).detach(), boxes);
      mask = F.maskOut(denoising.mask(), text).unsqueeze(0).unsqueeze(0);
    }

    List<Prediction> layers = new ArrayList<>();
    List<Prediction> denoised = new ArrayList<>();
    List<Decoder.Turn> turns =
        decoder.forward(f, queries, boxes, memory, classes.keys(), mask, training);
    for (int i = 0; i < turns.size(); i++) {
      Decoder.Turn turn = turns.get(i);
      Mlp head = bbox_embed.get(i);
      Tensor logits = TensorScope.of(() -> logits(turn.state(), memory.text(), absent));
      Tensor box =
          TensorScope.of(
              () ->
                  torch.sigmoid(
                      head.forward(turn.state()).add(F.inverseSigmoid(turn.reference(), 1e-5))));
      long all = g + c.queries();
      layers.add(slice(logits, box, turn.state(), g, all));
      if (g > 0) {
        denoised.add(slice(logits, box, turn.state(), 0, g));
      }
    }
    return new Output(
        f,
        List.copyOf(layers),
        List.copyOf(denoised),
        new Prediction(found.get(3), found.get(4), start),
        chosen,
        found.get(1),
        found.get(2),
        memory.vision(),
        memory.text());
  }

  /**
   * The mask branch's features of a decoded batch, from which the masks of any of its queries can
   * be made. Costs a 3 x 3 convolution at a quarter of the picture's sides; nothing of it is
   * computed unless it is asked for.
   *
   * @throws IllegalStateException if this detector has no mask branch
   */
  public Masks masks(Output out) {
    if (masks == null) {
      throw new IllegalStateException(
          "this detector has no mask branch: its config says so (use_masks is false)");
    }
    return new Masks(masks, out);
  }

  private static Prediction slice(Tensor logits, Tensor boxes, Tensor states, long from, long to) {
    return new Prediction(
        F.slice(logits, 1, from, to), F.slice(boxes, 1, from, to), F.slice(states, 1, from, to));
  }

  /**
   * Two-stage selection: every picture token proposes a box, the best become references.
   *
   * @return indices (b, q), all logits (b, n, p), all box logits (b, n, 4), the chosen ones' logits
   *     and boxes
   */
  private List<Tensor> choose(Features f, Encoder.State memory, Tensor absent) {
    Tensor x = F.fill(memory.vision(), f.unusable(), 0);
    x = enc_output_norm.forward(enc_output.forward(x));
    Tensor logits = logits(x, memory.text(), absent);
    Tensor boxes = encoder_output_bbox_embed.forward(x).add(f.proposals());
    Tensor best = logits.detach().amax(new long[] {-1}, false);
    Tensor chosen = F.topIndices(best, c.queries());
    return List.of(
        chosen, logits, boxes, F.rows(logits, chosen), torch.sigmoid(F.rows(boxes, chosen)));
  }

  /** (b, m, d), (b, p, d) -> (b, m, p). */
  private static Tensor logits(Tensor x, Tensor text, Tensor absent) {
    Tensor y = torch.matmul(x, text.transpose(1, 2));
    return absent == null ? y : F.fill(y, absent.unsqueeze(1), Double.NEGATIVE_INFINITY);
  }

  /** Where classes are padding; null if none is. */
  private Tensor check(Features f, Tensor text, Tensor textMask) {
    if (text.size(1) > c.maxTextLen()) {
      throw new IllegalArgumentException(
          text.size(1)
              + " classes are more than one pass holds ("
              + c.maxTextLen()
              + "): decode them in chunks");
    }
    if (f.vision().size(1) < c.queries()) {
      throw new IllegalArgumentException(
          "the picture has "
              + f.vision().size(1)
              + " tokens, fewer than the "
              + c.queries()
              + " object queries: enlarge it");
    }
    if (textMask == null || textMask.all().item_bool()) {
      return null;
    }
    if (!textMask.any(1).all().item_bool()) {
      throw new IllegalArgumentException("an image of the batch has no class to look for");
    }
    return textMask.logical_not();
  }
}
