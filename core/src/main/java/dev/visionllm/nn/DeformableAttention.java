package dev.visionllm.nn;

import dev.visionllm.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Attention that looks at a few learned places of each level instead of everywhere (Zhu et al.
 * 2021). Shapes: b images, q queries, n tokens of all levels, m heads, k channels of a head, l
 * levels, s places (points) a level.
 */
public final class DeformableAttention {
  private final long heads;
  private final long levels;
  private final long points;
  private final Linear sampling_offsets;
  private final Linear attention_weights;
  private final Linear value_proj;
  private final Linear output_proj;

  /**
   * @param d hidden size, a multiple of heads
   * @param points places a head looks at on each level
   */
  public DeformableAttention(Params p, long d, long heads, long levels, long points) {
    this.heads = heads;
    this.levels = levels;
    this.points = points;
    sampling_offsets = new Linear(p.at("sampling_offsets"), d, heads * levels * points * 2);
    attention_weights = new Linear(p.at("attention_weights"), d, heads * levels * points);
    value_proj = new Linear(p.at("value_proj"), d, d);
    output_proj = new Linear(p.at("output_proj"), d, d);
  }

  /**
   * @param query with its position added, (b, q, d)
   * @param vision what is looked at, (b, n, d)
   * @param padding true where vision is padding, (b, n), or null
   * @param reference where each query looks from: x, y as (b or 1, q, l, 2), or boxes x, y, w, h as
   *     (b or 1, q, l, 4), whose size then scales the offsets
   * @return (b, q, d)
   */
  public Tensor forward(
      Tensor query, Tensor vision, Tensor padding, Tensor reference, List<Level> sizes) {
    long b = query.size(0);
    long q = query.size(1);
    Tensor value = value_proj.forward(vision); // (b, n, d)
    if (padding != null) {
      value = F.fill(value, padding.unsqueeze(-1), 0);
    }
    Tensor offsets =
        sampling_offsets.forward(query).to(ScalarType.Float).view(b, q, heads, levels, points, 2);
    Tensor weights =
        torch.softmax(attention_weights.forward(query).view(b, q, heads, levels * points), -1);
    Tensor from = F.scale(reference, 2).unsqueeze(2).unsqueeze(4); // (b or 1, q, 1, l, 1, 2 or 4)
    Tensor step = // twice the share of the map that an offset of 1 moves
        reference.size(-1) == 4
            ? F.scale(F.slice(from, -1, 2, 4), 0.5 / points)
            : F.scale(pixel(sizes), 2).type_as(offsets);
    Tensor centre = F.slice(from, -1, 0, 2).sub(new Scalar(1));
    Tensor places = torch.addcmul(centre, offsets, step); // (b, q, m, l, s, 2), -1 to 1
    Tensor y =
        sample(value.to(ScalarType.Float), sizes, heads, places, weights.to(ScalarType.Float));
    return output_proj.forward(y.type_as(query));
  }

  /** Width and height of one token of each level, in shares of the map: (l, 1, 2). */
  private static Tensor pixel(List<Level> sizes) {
    float[] step = new float[2 * sizes.size()];
    for (int i = 0; i < sizes.size(); i++) {
      step[2 * i] = 1f / sizes.get(i).width();
      step[2 * i + 1] = 1f / sizes.get(i).height();
    }
    return Tensors.of(step, sizes.size(), 1, 2);
  }

  /**
   * Weighted sum of values read bilinearly at places; beyond the border values are 0. In fp32: the
   * sampling kernel has no other format. Queries are innermost, so that sums over places run along
   * whole rows, and levels are summed one by one instead of being concatenated.
   *
   * @param value (b, n, m * k)
   * @param places x, y from -1 to 1 over the map, (b, q, m, l, s, 2)
   * @param weights (b, q, m, l * s)
   * @return (b, q, m * k)
   */
  public static Tensor sample(
      Tensor value, List<Level> sizes, long heads, Tensor places, Tensor weights) {
    long b = value.size(0);
    long q = places.size(1);
    long k = value.size(2) / heads;
    long points = places.size(4);
    Tensor channelsFirst = value.transpose(1, 2).contiguous(); // (b, m * k, n)
    Tensor grid = places.permute(0, 2, 3, 4, 1, 5).contiguous(); // (b, m, l, s, q, 2)
    Tensor w = weights.permute(0, 2, 3, 1).contiguous(); // (b, m, l * s, q)
    Tensor y = null; // (b * m, k, q)
    for (int i = 0; i < sizes.size(); i++) {
      Level level = sizes.get(i);
      Tensor map =
          F.slice(channelsFirst, 2, level.start(), level.end())
              .reshape(b * heads, k, level.height(), level.width());
      Tensor at = grid.select(2, i).reshape(b * heads, points, q, 2);
      Tensor share = F.slice(w, 2, i * points, (i + 1) * points).reshape(b * heads, 1, points, q);
      Tensor seen = torch.grid_sampler(map, at, 0, 0, false); // (b * m, k, s, q)
      Tensor sum = F.sum(seen.mul(share), 2);
      y = y == null ? sum : y.add(sum);
    }
    return y.view(b, heads * k, q).transpose(1, 2).contiguous();
  }
}
