package dev.visionllm.checkpoint;

import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.bytedeco.pytorch.Tensor;

/**
 * Draws parameters for training from scratch. Each tensor's numbers depend on the seed, its name
 * and its shape, not on the order of construction. Unless a rule says otherwise: matrices and
 * kernels Xavier uniform, embeddings normal with deviation 0.02, norms one, biases zero, adapters
 * as PEFT does.
 *
 * @param seed of all numbers
 * @param rules the first whose pattern matches the whole name decides
 */
public record Init(long seed, List<Rule> rules) implements Params.Source {
  /**
   * How the tensors of some names start.
   *
   * @param name pattern of whole names
   * @param fill what they are filled with
   */
  public record Rule(Pattern name, Fill fill) {}

  /** What a tensor is filled with. */
  public sealed interface Fill {
    /** One value everywhere. */
    record Constant(double value) implements Fill {}

    /** Normal around 0. */
    record Normal(double deviation) implements Fill {}

    /** Uniform from -limit to limit. */
    record Uniform(double limit) implements Fill {}

    /** Uniform, variance gain^2 * 2 / (fan in + fan out) (Glorot 2010). */
    record Xavier(double gain) implements Fill {}

    /** Normal, variance gain^2 / fan in (He 2015; gain sqrt 2 before a ReLU). */
    record Kaiming(double gain) implements Fill {}
  }

  private static final Fill ZERO = new Fill.Constant(0);
  private static final Fill ONE = new Fill.Constant(1);
  private static final Fill TABLE = new Fill.Normal(0.02);
  private static final Fill MATRIX = new Fill.Xavier(1);
  private static final Fill GATE = new Fill.Constant(1e-4); // Grounding DINO's fusion, per channel

  /** With the usual rules only. */
  public Init(long seed) {
    this(seed, List.of());
  }

  /** Copies the rules. */
  public Init {
    rules = List.copyOf(rules);
  }

  /**
   * The same with one more rule, asked after those before it. @param name pattern of whole names
   */
  public Init with(String name, Fill fill) {
    List<Rule> all = new ArrayList<>(rules);
    all.add(new Rule(Pattern.compile(name), fill));
    return new Init(seed, all);
  }

  /** Optional parts exist from scratch only where a rule names them. */
  @Override
  public boolean has(String name) {
    return rules.stream().anyMatch(r -> r.name().matcher(name).matches());
  }

  @Override
  public Tensor get(String name, long... shape) {
    Fill fill =
        rules.stream()
            .filter(r -> r.name().matcher(name).matches())
            .map(Rule::fill)
            .findFirst()
            .orElseGet(() -> usual(name, shape));
    float[] out = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
    fill(out, fill, shape, random(name));
    return Tensors.of(out, shape);
  }

  /** What a tensor starts with where no rule names it. */
  static Fill usual(String name, long... shape) {
    if (name.endsWith("_param")) {
      return GATE;
    }
    if (name.endsWith("weight") && shape.length == 1) {
      return ONE; // of a norm
    }
    if (name.endsWith("bias") || name.endsWith(".lora_B.weight")) {
      return ZERO; // adapters start without an effect
    }
    if (name.endsWith(".lora_A.weight")) {
      return new Fill.Uniform(1 / Math.sqrt(shape[1])); // PEFT's: He uniform with a = sqrt 5
    }
    boolean head = name.contains("bbox_embed") || name.contains("mask_embed"); // not tables
    if (name.contains("embed") && !head || name.endsWith("relative_position_bias_table")) {
      return TABLE;
    }
    return shape.length > 1 ? MATRIX : ZERO;
  }

  /** A tensor's own randomness. */
  SplittableRandom random(String name) {
    CRC32 hash = new CRC32();
    hash.update(name.getBytes(StandardCharsets.UTF_8));
    return new SplittableRandom(seed * 0x9E3779B97F4A7C15L + hash.getValue());
  }

  private static void fill(float[] out, Fill fill, long[] shape, SplittableRandom random) {
    long fanOut = shape.length == 0 ? 1 : Math.max(1, shape[0]);
    long fanIn = Math.max(1, out.length / fanOut);
    if (fill instanceof Fill.Constant c) {
      Arrays.fill(out, (float) c.value());
    } else if (fill instanceof Fill.Normal n) {
      normal(out, n.deviation(), random);
    } else if (fill instanceof Fill.Uniform u) {
      uniform(out, u.limit(), random);
    } else if (fill instanceof Fill.Xavier x) {
      // fan out counts a kernel's places too
      uniform(out, x.gain() * Math.sqrt(6.0 / (fanIn + places(fanOut, shape))), random);
    } else if (fill instanceof Fill.Kaiming k) {
      normal(out, k.gain() / Math.sqrt(fanIn), random);
    }
  }

  /** Standard deviation of the numbers that a fill gives a tensor of that shape. */
  static double deviation(Fill fill, long[] shape) {
    long fanOut = shape.length == 0 ? 1 : Math.max(1, shape[0]);
    long fanIn = 1;
    for (int i = 1; i < shape.length; i++) {
      fanIn *= Math.max(1, shape[i]);
    }
    if (fill instanceof Fill.Normal n) {
      return n.deviation();
    }
    if (fill instanceof Fill.Uniform u) {
      return u.limit() / Math.sqrt(3);
    }
    if (fill instanceof Fill.Xavier x) {
      return x.gain() * Math.sqrt(2.0 / (fanIn + places(fanOut, shape)));
    }
    return fill instanceof Fill.Kaiming k ? k.gain() / Math.sqrt(fanIn) : 0;
  }

  private static long places(long fanOut, long[] shape) {
    long all = fanOut;
    for (int i = 2; i < shape.length; i++) {
      all *= shape[i];
    }
    return all;
  }

  private static void normal(float[] out, double deviation, SplittableRandom random) {
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (deviation * random.nextGaussian());
    }
  }

  private static void uniform(float[] out, double limit, SplittableRandom random) {
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (limit * (2 * random.nextDouble() - 1));
    }
  }
}
