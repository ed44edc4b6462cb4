package dev.visionllm.model.bridge;

import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/**
 * From image features to the language model's embeddings (reference: VisionLLMv2Model's vl_bridge).
 * Shapes: n tiles, g patches along a side, v and l channels of the image encoder and of the
 * language model, m = g^2 tokens or, with pixel shuffle, (g / 2)^2 tokens of 4 v channels.
 */
public final class VlBridge {
  private static final double EPS = 1e-5; // of torch's LayerNorm

  /** The published kinds. */
  public enum Kind {
    /** One linear layer. */
    LINEAR,
    /** Linear layers with GELU between them. */
    MLP,
    /** A layer norm, then two linear layers with GELU between them. */
    INTERNVL_MLP
  }

  /**
   * Sizes of the bridge.
   *
   * @param kind what it is made of
   * @param depth linear layers
   * @param vision channels v of the image encoder
   * @param llm channels l of the language model
   * @param pixelShuffle whether 2 x 2 neighbours become one token of 4 v channels
   */
  public record Config(Kind kind, int depth, int vision, int llm, boolean pixelShuffle) {
    private static final Pattern MLP = Pattern.compile("mlp([1-9]\\d?)x_gelu");

    /** The bridge of VisionLLM v2 (7B). */
    public static final Config MLP2X_GELU_7B = of("mlp2x_gelu", 1024, 4096, false);

    /** Refuses sizes that do not fit together. */
    public Config {
      if (depth < 1 || vision < 1 || llm < 1) {
        throw new IllegalArgumentException(
            "bridge: depth, vision and llm must be positive, are " + List.of(depth, vision, llm));
      }
    }

    /**
     * From the published name: {@code linear}, {@code mlpNx_gelu} or {@code internvl_mlp}.
     *
     * @throws IllegalArgumentException for another name
     */
    public static Config of(String type, int vision, int llm, boolean pixelShuffle) {
      Matcher mlp = MLP.matcher(type);
      if (mlp.matches()) {
        return new Config(Kind.MLP, Integer.parseInt(mlp.group(1)), vision, llm, pixelShuffle);
      }
      return switch (type) {
        case "linear" -> new Config(Kind.LINEAR, 1, vision, llm, pixelShuffle);
        case "internvl_mlp" -> new Config(Kind.INTERNVL_MLP, 2, vision, llm, pixelShuffle);
        default ->
            throw new IllegalArgumentException(
                "bridge type is \""
                    + type
                    + "\", should be linear, mlpNx_gelu (N from 1 to 99) or internvl_mlp");
      };
    }

    /** Channels that enter the first layer. */
    public int in() {
      return pixelShuffle ? 4 * vision : vision;
    }

    /** Tokens that come out of a tile of g x g patches, m. */
    public int tokens(int g) {
      return pixelShuffle ? g / 2 * (g / 2) : g * g;
    }
  }

  private final Config config;
  private final List<UnaryOperator<Tensor>> steps;

  /**
   * @param p cursor at {@code vl_bridge}; the layers are numbered as in the published sequence
   */
  public VlBridge(Params p, Config c) {
    config = c;
    steps =
        switch (c.kind()) {
          case LINEAR -> List.of(new Linear(p, c.in(), c.llm())::forward);
          case MLP -> mlp(p, 0, c);
          case INTERNVL_MLP -> {
            List<UnaryOperator<Tensor>> all = new ArrayList<>();
            all.add(new LayerNorm(p.at(0), c.in(), EPS)::forward);
            all.addAll(mlp(p, 1, c));
            yield List.copyOf(all);
          }
        };
  }

  private static List<UnaryOperator<Tensor>> mlp(Params p, int first, Config c) {
    List<UnaryOperator<Tensor>> all = new ArrayList<>();
    all.add(new Linear(p.at(first), c.in(), c.llm())::forward);
    for (int i = 1; i < c.depth(); i++) { // the GELUs take every second number
      all.add(F::gelu);
      all.add(new Linear(p.at(first + 2 * i), c.llm(), c.llm())::forward);
    }
    return List.copyOf(all);
  }

  /** The sizes it was built with. */
  public Config config() {
    return config;
  }

  /**
   * Embeddings of image tokens.
   *
   * @param features (n, g^2, v), patches row by row, without class token
   * @return (n, m, l)
   */
  public Tensor forward(Tensor features) {
    return TensorScope.of(
        () -> TensorScope.chain(config.pixelShuffle() ? pixelShuffle(features) : features, steps));
  }

  /**
   * 2 x 2 neighbouring patches become one token; the second of the published orderings.
   *
   * @param x (n, g^2, v), g even
   * @return (n, (g/2)^2, 4 v)
   */
  static Tensor pixelShuffle(Tensor x) {
    long n = x.size(0);
    long g = Math.round(Math.sqrt(x.size(1)));
    long v = x.size(2);
    if (g * g != x.size(1) || g % 2 != 0) {
      throw new IllegalArgumentException(
          "pixel shuffle needs an even square of patches, there are " + x.size(1));
    }
    long h = g / 2;
    Tensor columns = x.reshape(n, g, h, 2 * v).permute(0, 2, 1, 3); // (n, h, g, 2v)
    Tensor both = columns.reshape(n, h, h, 4 * v).permute(0, 2, 1, 3); // (n, h, h, 4v)
    return both.reshape(n, h * h, 4 * v);
  }
}
