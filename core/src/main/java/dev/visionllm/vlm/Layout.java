package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Shapes;
import dev.visionllm.model.diffusion.LatentDiffusion;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.nn.Lora;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.SpecialTokens;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/**
 * What a configuration's model asks of a checkpoint: names and shapes, found by building the model
 * without numbers, so that they cannot differ from what loading takes.
 *
 * @param parameters by name, in the order of construction
 */
public record Layout(Map<String, Parameter> parameters) {
  /**
   * One name of the checkpoint.
   *
   * @param source the first name of the same tensor, which may be this one
   * @param whole the numbers of a buffer that sizes determine; null for weights
   */
  public record Parameter(String name, long[] shape, String source, long[] whole) {
    /** Numbers of the tensor. */
    public long numbers() {
      return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** Whether another name stands for the same tensor before this one. */
    public boolean again() {
      return !source.equals(name);
    }
  }

  /** The layout of a configuration's model with all of its parts. */
  public static Layout of(VisionLlmConfig c) {
    return of(c, null);
  }

  /** The same with adapters. @param lora which layers have them, and of what size; null for none */
  public static Layout of(VisionLlmConfig c, Lora.Config lora) {
    Map<String, Parameter> out = new LinkedHashMap<>();
    Shapes shapes = new Shapes();
    try (Params params = new Params(shapes);
        var scope = TensorScope.open()) {
      Params tree = lora == null ? params : params.adapted(lora, shapes);
      build(tree, c, SpecialTokens.DEFAULT_TOKENS::indexOf);
      Map<Tensor, String> first = new IdentityHashMap<>();
      Map<Tensor, long[]> whole = new IdentityHashMap<>();
      params
          .taken()
          .forEach(
              (name, t) -> {
                boolean number = t.is_floating_point();
                long[] fixed = number ? null : whole.computeIfAbsent(t, Tensors::longs);
                String other = first.putIfAbsent(t, name);
                String source = other == null ? name : other;
                out.put(name, new Parameter(name, t.shape(), source, fixed));
              });
    }
    return new Layout(Collections.unmodifiableMap(out));
  }

  /** Builds every part of a model, for what its constructors take. */
  public static void build(Params root, VisionLlmConfig c, ToIntFunction<String> idOf) {
    new Multimodal(root, c.multimodal(), idOf);
    if (c.gdino() != null) {
      new GroundingDino(root.at("gdino"), c.gdino());
    }
    if (c.unipose() != null) {
      new UniPose(root.at("unipose"), c.unipose());
    }
    if (c.sd() != null) {
      new LatentDiffusion(root.at("sd"), c.sd());
    }
    if (c.ip2p() != null) {
      new LatentDiffusion(root.at("ip2p"), c.ip2p());
    }
  }

  /** The part of the model that a name belongs to: its first word, such as llm. */
  public static String part(String name) {
    return name.split("\\.", 2)[0];
  }

  /**
   * What a checkpoint lacks. It may lack names of a tensor that it holds under another one, buffers
   * that sizes determine, and the image encoder's last norm, which answers do not need.
   *
   * @param has whether it holds a name
   */
  public List<Parameter> missing(Predicate<String> has) {
    Set<String> held =
        parameters.values().stream()
            .filter(p -> has.test(p.name()))
            .map(Parameter::source)
            .collect(Collectors.toSet());
    return parameters.values().stream()
        .filter(p -> !p.again() && p.whole() == null && !held.contains(p.name()))
        .filter(p -> !p.name().contains("vision_model.post_layernorm."))
        .toList();
  }

  /** All parts, in the order of construction. */
  public List<String> parts() {
    return parameters.keySet().stream().map(Layout::part).distinct().toList();
  }
}
