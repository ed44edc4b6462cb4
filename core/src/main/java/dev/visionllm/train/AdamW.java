package dev.visionllm.train;

import dev.visionllm.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW (Loshchilov and Hutter 2019): Adam with decoupled weight decay. Owns its moments; they are
 * exposed by name so that a run resumes bit-exactly.
 */
final class AdamW implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPS = 1e-8;

  private final Map<String, Tensor> parameters;
  private final Map<String, Tensor> first = new LinkedHashMap<>();
  private final Map<String, Tensor> second = new LinkedHashMap<>();

  /** @param parameters what learns, by name; each tensor once */
  AdamW(Map<String, Tensor> parameters) {
    this.parameters = parameters;
    parameters.forEach(
        (name, p) ->
            TensorScope.value(
                () -> {
                  first.put(name, TensorScope.keep(torch.zeros_like(p)));
                  second.put(name, TensorScope.keep(torch.zeros_like(p)));
                  return null;
                }));
  }

  /** The moments by name: "m." and "v." before the parameter's name. */
  Map<String, Tensor> state() {
    Map<String, Tensor> out = new LinkedHashMap<>();
    first.forEach((k, t) -> out.put("m." + k, t));
    second.forEach((k, t) -> out.put("v." + k, t));
    return out;
  }

  /**
   * One update from the parameters' gradients; parameters without one are left alone.
   *
   * @param step number of this update, from 1
   * @param lr learning rate by parameter name
   * @param decay weight decay by parameter name
   */
  void step(
      int step,
      java.util.function.ToDoubleFunction<String> lr,
      java.util.function.ToDoubleFunction<String> decay) {
    double correction1 = 1 - Math.pow(BETA1, step);
    double correction2 = Math.sqrt(1 - Math.pow(BETA2, step));
    try (NoGradGuard noGrad = new NoGradGuard()) {
      parameters.forEach(
          (name, p) ->
              TensorScope.value(
                  () -> {
                    Tensor g = p.grad();
                    if (!g.defined()) {
                      return null;
                    }
                    double rate = lr.applyAsDouble(name);
                    Tensor m = first.get(name);
                    Tensor v = second.get(name);
                    m.mul_(new Scalar(BETA1)).add_(g, new Scalar(1 - BETA1));
                    v.mul_(new Scalar(BETA2)).addcmul_(g, g, new Scalar(1 - BETA2));
                    Tensor scale = v.sqrt().div_(new Scalar(correction2)).add_(new Scalar(EPS));
                    p.mul_(new Scalar(1 - rate * decay.applyAsDouble(name)));
                    p.addcdiv_(m, scale, new Scalar(-rate / correction1));
                    return null;
                  }));
    }
  }

  @Override
  public void close() {
    first.values().forEach(Tensor::close);
    second.values().forEach(Tensor::close);
  }
}
