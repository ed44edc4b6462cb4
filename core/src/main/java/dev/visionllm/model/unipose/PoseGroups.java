package dev.visionllm.model.unipose;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * How the pose queries are laid out: each group is one box query followed by one query for each
 * keypoint slot. Shapes: b images, g groups, s slots, m = g (1 + s) queries.
 *
 * @param count g, poses of a picture
 * @param slots s, keypoints of a pose; slots that a prompt leaves free are invalid
 * @param layout who sees whom
 */
public record PoseGroups(int count, int slots, Layout layout) {
  /** Which queries of other groups a pose query sees in self-attention. */
  public enum Layout {
    /** None: groups are as long as they are, 1 + s. Training always has this one. */
    WHOLE,
    /**
     * What the released model is evaluated with: spans of s instead of 1 + s queries, so that each
     * group sees a part of its neighbours, and the queries behind the last span see all.
     */
    REFERENCE
  }

  /** Refuses empty groups. */
  public PoseGroups {
    if (count < 1 || slots < 1) {
      throw new IllegalArgumentException(
          "pose queries need at least 1 group and 1 keypoint slot, not " + count + ", " + slots);
    }
  }

  /** As they are laid out in a training step. */
  PoseGroups inTraining() {
    return new PoseGroups(count, slots, Layout.WHOLE);
  }

  /** Queries of a group, 1 + s. */
  public int length() {
    return 1 + slots;
  }

  /** All pose queries, m. */
  public int queries() {
    return count * length();
  }

  /**
   * Which queries may not look at which. Inside of a group two queries see each other if both are
   * valid or both are not.
   *
   * @param valid true for boxes and for slots with a keypoint, (b, 1 + s)
   * @return true where the row's query must not see the column's, (b, m, m)
   */
  Tensor hidden(Tensor valid) {
    Tensor index = torch.arange(new Scalar(queries())).to(valid.device(), torch.ScalarType.Long);
    Tensor flags = valid.repeat(1, count); // (b, m)
    Tensor unequal = flags.unsqueeze(2).ne(flags.unsqueeze(1)); // (b, m, m)
    Tensor own = span(index, length());
    Tensor inside = own.unsqueeze(1).eq(own.unsqueeze(0)); // (m, m)
    Tensor outside = // (m, m)
        switch (layout) {
          case WHOLE -> inside.logical_not();
          case REFERENCE -> {
            // columns behind the last span belong to it; rows behind it are not restricted
            Tensor of = span(index, slots).clamp_max(new Scalar(count - 1));
            Tensor free = index.ge(new Scalar(count * slots)).unsqueeze(1);
            yield of.unsqueeze(1).ne(of.unsqueeze(0)).logical_and(free.logical_not());
          }
        };
    return torch.where(inside.unsqueeze(0), unequal, outside.unsqueeze(0));
  }

  private static Tensor span(Tensor index, long length) {
    return index.floor_divide(new Scalar(length));
  }
}
