package dev.visionllm.model.gdino;

import dev.visionllm.nn.Conv2d;
import dev.visionllm.nn.F;
import dev.visionllm.nn.GroupNorm;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Brings the backbone's maps to one width, adds coarser ones, and lays all levels out as one row of
 * tokens with their places, which are in fp32 whatever the weights are. Shapes: b images; a = b, or
 * 1 if no image is padded; d hidden size; n tokens of all levels.
 */
final class Pyramid {
  private static final int FROM_BACKBONE = 3;

  private final int hidden;
  private final double temperature;
  private final Tensor level_embed; // (levels, d)
  private final List<Projection> input_proj_vision;

  Pyramid(Params p, GroundingDino.Config c) {
    hidden = c.hidden();
    temperature = c.temperature();
    level_embed = p.tensor("level_embed", c.levels(), hidden);
    int stages = c.backbone().depths().size();
    List<Projection> list = new ArrayList<>();
    for (int i = 0; i < c.levels(); i++) {
      Params q = p.at("input_proj_vision").at(i);
      int stage = Math.min(stages - FROM_BACKBONE + i, stages - 1);
      long in = i <= FROM_BACKBONE ? c.backbone().channels(stage) : hidden;
      Conv2d conv =
          i < FROM_BACKBONE
              ? new Conv2d(q.at(0), in, hidden, 1, 1, 0)
              : new Conv2d(q.at(0), in, hidden, 3, 2, 1);
      list.add(new Projection(conv, new GroupNorm(q.at(1), GroundingDino.GROUPS, hidden, 1e-5)));
    }
    input_proj_vision = List.copyOf(list);
  }

  private record Projection(Conv2d conv, GroupNorm norm) {
    Tensor forward(Tensor x) {
      return TensorScope.of(() -> norm.forward(conv.forward(x)));
    }
  }

  /**
   * @param maps of the backbone, finest first; the last three are used
   * @param pixelMask (b, h, w) bool, or null if nothing is padded
   */
  Features forward(List<Tensor> maps, Tensor pixelMask, Tensor pixels) {
    List<Tensor> sources = new ArrayList<>();
    for (int i = 0; i < input_proj_vision.size(); i++) {
      int map = maps.size() - FROM_BACKBONE + i;
      Tensor in =
          i < FROM_BACKBONE
              ? maps.get(map)
              : i == FROM_BACKBONE ? maps.get(maps.size() - 1) : sources.get(i - 1);
      sources.add(input_proj_vision.get(i).forward(in));
    }
    List<Features.Level> levels = new ArrayList<>();
    int start = 0;
    for (Tensor s : sources) {
      Features.Level level =
          new Features.Level(Math.toIntExact(s.size(2)), Math.toIntExact(s.size(3)), start);
      levels.add(level);
      start = level.end();
    }
    List<Tensor> out = TensorScope.all(() -> layOut(sources, levels, pixelMask, pixels));
    return new Features(
        List.copyOf(maps),
        List.copyOf(levels),
        out.get(0),
        out.get(1),
        pixelMask == null ? null : out.get(6),
        out.get(2),
        out.get(3),
        out.get(4),
        out.get(5));
  }

  private List<Tensor> layOut(
      List<Tensor> sources, List<Features.Level> levels, Tensor pixelMask, Tensor pixels) {
    List<Tensor> vision = new ArrayList<>();
    List<Tensor> position = new ArrayList<>();
    List<Tensor> valid = new ArrayList<>(); // (a, h * w)
    List<Tensor> ratios = new ArrayList<>(); // (a, 2)
    List<Tensor> centres = new ArrayList<>(); // (a, h * w, 2)
    List<Tensor> proposals = new ArrayList<>(); // (a, h * w, 4)
    for (int i = 0; i < levels.size(); i++) {
      Features.Level level = levels.get(i);
      Tensor mask =
          pixelMask == null
              ? torch.ones(1, level.height(), level.width()).to(pixels.device(), ScalarType.Float)
              : nearest(pixelMask, level).to(ScalarType.Float); // (a, h, w)
      vision.add(sources.get(i).flatten(2, -1).transpose(1, 2));
      position.add(
          PositionEncoding.image(mask, hidden / 2, temperature)
              .type_as(level_embed)
              .add(level_embed.select(0, i)));
      valid.add(mask.flatten(1, -1));
      Tensor size =
          F.stack(-1, F.sum(mask.select(1, 0), 1), F.sum(mask.select(2, 0), 1)); // (a, 2): w, h
      ratios.add(size.div(pair(level.width(), level.height()).type_as(mask)));
      Tensor centre = centres(level).type_as(mask).div(size.unsqueeze(1));
      centres.add(centre);
      double side = 0.05 * (1 << i);
      proposals.add(F.cat(-1, centre, F.scale(torch.ones_like(centre), side)));
    }
    Tensor ratio = F.stack(1, ratios); // (a, levels, 2)
    // a token's place on its own level in shares of the picture, then in shares of every level
    Tensor reference = F.cat(1, centres).unsqueeze(2).mul(ratio.unsqueeze(1));
    Tensor padding = F.cat(1, valid).eq(new Scalar(0.0)); // (a, n)
    Tensor box = F.cat(1, proposals); // (a, n, 4)
    Tensor unusable =
        box.gt(new Scalar(0.01))
            .logical_and(box.lt(new Scalar(0.99)))
            .all(-1, true)
            .logical_not()
            .logical_or(padding.unsqueeze(-1)); // (a, n, 1)
    Tensor logit = torch.log(box.div(box.neg().add(new Scalar(1.0))));
    return List.of(
        F.cat(1, vision),
        F.cat(1, position),
        ratio,
        reference,
        F.fill(logit, unusable, Double.POSITIVE_INFINITY),
        unusable,
        padding);
  }

  private static Tensor pair(float x, float y) {
    return Tensors.of(new float[] {x, y}, 2);
  }

  /** Centres of a level's tokens in tokens, x and y: (1, h * w, 2). */
  private static Tensor centres(Features.Level level) {
    int w = level.width();
    float[] xy = new float[2 * level.height() * w];
    for (int i = 0; i < level.height() * w; i++) {
      xy[2 * i] = i % w + 0.5f;
      xy[2 * i + 1] = i / w + 0.5f;
    }
    return Tensors.of(xy, 1, (long) level.height() * w, 2);
  }

  /** The mask at a level's size: each token takes the pixel at its top left, as torch's nearest. */
  static Tensor nearest(Tensor mask, Features.Level level) {
    return mask.index_select(1, nearest(mask.size(1), level.height()))
        .index_select(2, nearest(mask.size(2), level.width()));
  }

  private static Tensor nearest(long in, int out) {
    float step = (float) in / out;
    long[] at = new long[out];
    for (int i = 0; i < out; i++) {
      at[i] = Math.min((long) Math.floor(i * step), in - 1);
    }
    return Tensors.of(at, out);
  }
}
