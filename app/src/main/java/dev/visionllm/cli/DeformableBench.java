package dev.visionllm.cli;

import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.nn.DeformableAttention;
import dev.visionllm.nn.F;
import dev.visionllm.nn.LayerNorm;
import dev.visionllm.nn.Level;
import dev.visionllm.nn.Linear;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The deformable layers of a detector's encoder, computed as this project does and in the plain
 * formulation of the reference's fallback (sample each level, stack all samples, weigh, sum), to be
 * compared. Both share their linear layers. Shapes: n tokens of all levels, d channels, m heads, k
 * channels of a head, l levels, s places a level.
 */
final class DeformableBench {
  /** Sizes of the layers and the picture's levels. */
  record Sizes(int layers, int hidden, int heads, int points, int ffn, List<Level> levels) {
    static Sizes of(GroundingDino.Config c, ModelBench.Work work) {
      List<Level> levels = new ArrayList<>();
      int start = 0;
      int stride = 8;
      for (int i = 0; i < c.levels(); i++, stride *= 2) {
        Level level =
            new Level(
                (work.height() + stride - 1) / stride, (work.width() + stride - 1) / stride, start);
        levels.add(level);
        start = level.end();
      }
      return new Sizes(
          c.encoderLayers(),
          c.hidden(),
          c.encoderHeads(),
          c.encoderPoints(),
          c.encoderFfn(),
          levels);
    }

    int tokens() {
      return levels.get(levels.size() - 1).end();
    }

    /** Of the linear layers; sampling is memory traffic. */
    double gflop() {
      double places = (double) heads * levels.size() * points;
      double weights = 2.0 * hidden * hidden + 3 * hidden * places + 2.0 * hidden * ffn;
      return 2 * weights * tokens() * layers / 1e9;
    }
  }

  private record Layer(
      DeformableAttention ours,
      Linear offsets,
      Linear weights,
      Linear value,
      Linear output,
      LayerNorm norm,
      Linear fc1,
      Linear fc2,
      LayerNorm last) {}

  private final Sizes sizes;
  private final List<Layer> layers;
  private final Tensor reference; // (1, n, l, 2)

  DeformableBench(Params p, Sizes s) {
    sizes = s;
    long d = s.hidden();
    long places = (long) s.heads() * s.levels().size() * s.points();
    layers =
        p.at("layers")
            .list(
                s.layers(),
                q ->
                    new Layer(
                        new DeformableAttention(
                            q.at("ours"), d, s.heads(), s.levels().size(), s.points()),
                        new Linear(q.at("sampling_offsets"), d, 2 * places),
                        new Linear(q.at("attention_weights"), d, places),
                        new Linear(q.at("value_proj"), d, d),
                        new Linear(q.at("output_proj"), d, d),
                        new LayerNorm(q.at("norm"), d, 1e-5),
                        new Linear(q.at("fc1"), d, s.ffn()),
                        new Linear(q.at("fc2"), s.ffn(), d),
                        new LayerNorm(q.at("last"), d, 1e-5)));
    int l = s.levels().size();
    float[] at = new float[s.tokens() * l * 2];
    for (Level level : s.levels()) {
      for (int i = 0; i < level.height() * level.width(); i++) {
        for (int k = 0; k < l; k++) {
          int to = ((level.start() + i) * l + k) * 2;
          at[to] = (i % level.width() + 0.5f) / level.width();
          at[to + 1] = (i / level.width() + 0.5f) / level.height();
        }
      }
    }
    reference = Tensors.of(at, 1, s.tokens(), l, 2);
  }

  /** (1, n, d) -> (1, n, d). */
  Tensor ours(Tensor x) {
    return run(x, (layer, y) -> layer.ours().forward(y, y, null, reference, sizes.levels()));
  }

  /** (1, n, d) -> (1, n, d), in fp32. */
  Tensor plain(Tensor x) {
    return run(x, this::attend);
  }

  private interface Attention {
    Tensor of(Layer layer, Tensor x);
  }

  private Tensor run(Tensor x, Attention attention) {
    Tensor y = x;
    for (Layer layer : layers) {
      Tensor in = y;
      y =
          TensorScope.of(
              () -> {
                Tensor z = layer.norm().forward(in.add(attention.of(layer, in)));
                Tensor mlp = layer.fc2().forward(torch.relu(layer.fc1().forward(z)));
                return layer.last().forward(z.add(mlp));
              });
    }
    return y;
  }

  private Tensor attend(Layer layer, Tensor x) {
    long n = x.size(1);
    int m = sizes.heads();
    int l = sizes.levels().size();
    int s = sizes.points();
    long k = sizes.hidden() / m;
    Tensor value = layer.value().forward(x).view(1, n, m, k);
    Tensor offsets = layer.offsets().forward(x).view(1, n, m, l, s, 2);
    Tensor weights =
        torch
            .softmax(layer.weights().forward(x).view(1, n, m, (long) l * s), -1)
            .view(1, n, m, l, s);
    float[] sides = new float[2 * l];
    for (int i = 0; i < l; i++) {
      sides[2 * i] = sizes.levels().get(i).width();
      sides[2 * i + 1] = sizes.levels().get(i).height();
    }
    Tensor norm = Tensors.of(sides, 1, 1, 1, l, 1, 2);
    Tensor places = reference.view(1, n, 1, l, 1, 2).add(offsets.div(norm));
    Tensor grids = F.scale(places, 2).sub(new Scalar(1));
    List<Tensor> seen = new ArrayList<>();
    for (int i = 0; i < l; i++) {
      Level level = sizes.levels().get(i);
      Tensor map =
          F.slice(value, 1, level.start(), level.end())
              .flatten(2, 3)
              .transpose(1, 2)
              .reshape(m, k, level.height(), level.width());
      Tensor grid = grids.select(3, i).transpose(1, 2).flatten(0, 1); // (m, n, s, 2)
      seen.add(torch.grid_sampler(map, grid, 0, 0, false)); // (m, k, n, s)
    }
    Tensor share = weights.transpose(1, 2).reshape(m, 1, n, (long) l * s);
    Tensor sum = F.sum(F.stack(-2, seen).flatten(-2, -1).mul(share), -1); // (m, k, n)
    return layer.output().forward(sum.view(1, (long) m * k, n).transpose(1, 2).contiguous());
  }
}
