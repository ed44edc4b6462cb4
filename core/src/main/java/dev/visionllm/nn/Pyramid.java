package dev.visionllm.nn;

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
public final class Pyramid {
  /** Channel groups of the projections' norms. */
  public static final int GROUPS = 32;

  private static final int FROM_BACKBONE = 3;

  private final int hidden;
  private final double temperature;
  private final Tensor level_embed; // (levels, d)
  private final List<Projection> projections;

  /**
   * @param p the cursor above {@code level_embed}
   * @param projections the cursor at the list of projections
   * @param channels of the backbone's last three maps, finest first
   * @param levels three or more; those beyond the backbone's come from the one before by
   *     convolution
   * @param hidden d, a multiple of {@link #GROUPS}
   * @param temperature of the position encoding
   */
  public Pyramid(
      Params p,
      Params projections,
      List<Integer> channels,
      int levels,
      int hidden,
      double temperature) {
    this.hidden = hidden;
    this.temperature = temperature;
    level_embed = p.tensor("level_embed", levels, hidden);
    List<Projection> list = new ArrayList<>();
    for (int i = 0; i < levels; i++) {
      Params q = projections.at(i);
      long in = i <= FROM_BACKBONE ? channels.get(Math.min(i, FROM_BACKBONE - 1)) : hidden;
      Conv2d conv =
          i < FROM_BACKBONE
              ? new Conv2d(q.at(0), in, hidden, 1, 1, 0)
              : new Conv2d(q.at(0), in, hidden, 3, 2, 1);
      list.add(new Projection(conv, new GroupNorm(q.at(1), GROUPS, hidden, 1e-5)));
    }
    this.projections = List.copyOf(list);
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
  public Features forward(List<Tensor> maps, Tensor pixelMask, Tensor pixels) {
    List<Tensor> sources = new ArrayList<>();
    for (int i = 0; i < projections.size(); i++) {
      int map = maps.size() - FROM_BACKBONE + i;
      Tensor in =
          i < FROM_BACKBONE
              ? maps.get(map)
              : i == FROM_BACKBONE ? maps.get(maps.size() - 1) : sources.get(i - 1);
      sources.add(projections.get(i).forward(in));
    }
    List<Level> levels = new ArrayList<>();
    int start = 0;
    for (Tensor s : sources) {
      Level level = new Level(Math.toIntExact(s.size(2)), Math.toIntExact(s.size(3)), start);
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
      List<Tensor> sources, List<Level> levels, Tensor pixelMask, Tensor pixels) {
    List<Tensor> vision = new ArrayList<>();
    List<Tensor> position = new ArrayList<>();
    List<Tensor> valid = new ArrayList<>(); // (a, h * w)
    List<Tensor> ratios = new ArrayList<>(); // (a, 2)
    List<Tensor> centres = new ArrayList<>(); // (a, h * w, 2)
    List<Tensor> proposals = new ArrayList<>(); // (a, h * w, 4)
    for (int i = 0; i < levels.size(); i++) {
      Level level = levels.get(i);
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
  private static Tensor centres(Level level) {
    int w = level.width();
    float[] xy = new float[2 * level.height() * w];
    for (int i = 0; i < level.height() * w; i++) {
      xy[2 * i] = i % w + 0.5f;
      xy[2 * i + 1] = i / w + 0.5f;
    }
    return Tensors.of(xy, 1, (long) level.height() * w, 2);
  }

  /** The mask at a level's size: each token takes the pixel at its top left, as torch's nearest. */
  public static Tensor nearest(Tensor mask, Level level) {
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
