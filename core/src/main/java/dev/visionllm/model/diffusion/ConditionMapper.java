package dev.visionllm.model.diffusion;

import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.MultiheadAttention;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * From super-link states to the condition that a text encoder would give (VisionLLM v2, section B,
 * figure A13b): an MLP, then torch.nn.Transformer with the norms first, whose decoder's input is
 * learned. Shapes: n pictures, e super-link states, q learned queries, l hidden size of the
 * language model, c channels of the condition.
 */
public final class ConditionMapper {
  private static final int HEADS = 8; // torch.nn.Transformer's default, which the reference keeps
  private static final double EPS = 1e-5;

  /**
   * Sizes, in the reference's config under the names in brackets.
   *
   * @param states e [num_embed_tokens]
   * @param llmHidden l [llm_hidden_size]
   * @param hidden c [sd_hidden_size]
   * @param queries q [num_queries]
   * @param encoderLayers [num_encoder_layers]
   * @param decoderLayers [num_decoder_layers]
   */
  public record Config(
      int states, int llmHidden, int hidden, int queries, int encoderLayers, int decoderLayers) {
    /** The released model. */
    public static final Config V2_7B = new Config(64, 4096, 768, 77, 1, 1);

    /** Refuses sizes that do not fit together. */
    public Config {
      if (states < 1 || llmHidden < 1 || queries < 1 || encoderLayers < 1 || decoderLayers < 1) {
        throw new IllegalArgumentException(
            "condition mapper: states, hidden size of the language model, queries and layers must"
                + " be positive, are "
                + List.of(states, llmHidden, queries, encoderLayers, decoderLayers));
      }
      if (hidden < 1 || hidden % HEADS != 0) {
        throw new IllegalArgumentException(
            "condition mapper: hidden " + hidden + " is not a multiple of " + HEADS + " heads");
      }
    }
  }

  private final Config config;
  private final Tensor llm2sd_mapper_queries; // (1, q, c)
  private final Linear emb_proj_0; // emb_proj.0: l -> c
  private final Linear emb_proj_2; // emb_proj.2: c -> c
  private final List<EncoderLayer> encoder; // llm2sd_mapper.encoder.layers
  private final LayerNorm encoder_norm;
  private final List<DecoderLayer> decoder; // llm2sd_mapper.decoder.layers
  private final LayerNorm decoder_norm;

  /**
   * @param p cursor at {@code sd} or {@code ip2p}
   */
  public ConditionMapper(Params p, Config c) {
    config = c;
    llm2sd_mapper_queries = p.tensor("llm2sd_mapper_queries", 1, c.queries(), c.hidden());
    emb_proj_0 = new Linear(p.at("emb_proj").at(0), c.llmHidden(), c.hidden());
    emb_proj_2 = new Linear(p.at("emb_proj").at(2), c.hidden(), c.hidden());
    Params mapper = p.at("llm2sd_mapper");
    encoder =
        mapper.at("encoder.layers").list(c.encoderLayers(), q -> new EncoderLayer(q, c.hidden()));
    encoder_norm = new LayerNorm(mapper.at("encoder.norm"), c.hidden(), EPS);
    decoder =
        mapper.at("decoder.layers").list(c.decoderLayers(), q -> new DecoderLayer(q, c.hidden()));
    decoder_norm = new LayerNorm(mapper.at("decoder.norm"), c.hidden(), EPS);
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /** Last hidden states at the super-link's positions (n, e, l) -> condition (n, q, c). */
  public Tensor forward(Tensor states) {
    if (states.dim() != 3
        || states.size(1) != config.states()
        || states.size(2) != config.llmHidden()) {
      throw new IllegalArgumentException(
          "condition mapper: super-link states are "
              + Arrays.toString(states.shape())
              + ", should be (n, "
              + config.states()
              + ", "
              + config.llmHidden()
              + ")");
    }
    return TensorScope.of(() -> decode(encode(project(states))));
  }

  /** (n, e, l) -> (n, e, c). */
  Tensor project(Tensor states) {
    ScalarType dtype = emb_proj_0.weight().scalar_type();
    return emb_proj_2.forward(F.gelu(emb_proj_0.forward(states.to(dtype))));
  }

  /** (n, e, c) -> (n, e, c). */
  Tensor encode(Tensor x) {
    Tensor y = x;
    for (EncoderLayer layer : encoder) {
      Tensor in = y;
      y = TensorScope.of(() -> layer.forward(in));
    }
    return encoder_norm.forward(y);
  }

  /** (n, e, c) -> (n, q, c). */
  Tensor decode(Tensor memory) {
    Tensor y = llm2sd_mapper_queries.expand(memory.size(0), config.queries(), config.hidden());
    for (DecoderLayer layer : decoder) {
      Tensor in = y;
      y = TensorScope.of(() -> layer.forward(in, memory));
    }
    return decoder_norm.forward(y);
  }

  private static final class EncoderLayer {
    private final MultiheadAttention self_attn;
    private final FeedForward feedForward;
    private final LayerNorm norm1;
    private final LayerNorm norm2;

    EncoderLayer(Params p, int c) {
      self_attn = new MultiheadAttention(p.at("self_attn"), c, HEADS);
      feedForward = new FeedForward(p, c);
      norm1 = new LayerNorm(p.at("norm1"), c, EPS);
      norm2 = new LayerNorm(p.at("norm2"), c, EPS);
    }

    Tensor forward(Tensor x) {
      Tensor normed = norm1.forward(x);
      Tensor y = x.add(self_attn.self(normed, normed, null));
      return y.add(feedForward.forward(norm2.forward(y)));
    }
  }

  private static final class DecoderLayer {
    private final MultiheadAttention self_attn;
    private final MultiheadAttention multihead_attn;
    private final FeedForward feedForward;
    private final LayerNorm norm1;
    private final LayerNorm norm2;
    private final LayerNorm norm3;

    DecoderLayer(Params p, int c) {
      self_attn = new MultiheadAttention(p.at("self_attn"), c, HEADS);
      multihead_attn = new MultiheadAttention(p.at("multihead_attn"), c, HEADS);
      feedForward = new FeedForward(p, c);
      norm1 = new LayerNorm(p.at("norm1"), c, EPS);
      norm2 = new LayerNorm(p.at("norm2"), c, EPS);
      norm3 = new LayerNorm(p.at("norm3"), c, EPS);
    }

    Tensor forward(Tensor x, Tensor memory) {
      Tensor normed = norm1.forward(x);
      Tensor y = x.add(self_attn.self(normed, normed, null));
      Tensor z = y.add(multihead_attn.cross(norm2.forward(y), memory, null));
      return z.add(feedForward.forward(norm3.forward(z)));
    }
  }

  private static final class FeedForward {
    private final Linear linear1;
    private final Linear linear2;

    FeedForward(Params p, int c) {
      linear1 = new Linear(p.at("linear1"), c, 4L * c);
      linear2 = new Linear(p.at("linear2"), 4L * c, c);
    }

    Tensor forward(Tensor x) {
      return linear2.forward(torch.relu(linear1.forward(x)));
    }
  }
}
