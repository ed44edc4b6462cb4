package dev.visionllm.model.unipose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import org.junit.jupiter.api.Test;

class PoseGroupsTest {
  private static final boolean[][] VALID = {
    {true, true, true, false, false},
    {true, true, true, true, true},
    {true, false, true, false, true}
  };

  @Test
  void bothLayoutsEqualANaiveLoop() {
    try (var scope = TensorScope.open()) {
      int slots = VALID[0].length - 1;
      boolean[] flat = new boolean[VALID.length * (1 + slots)];
      for (int i = 0; i < flat.length; i++) {
        flat[i] = VALID[i / (1 + slots)][i % (1 + slots)];
      }
      for (int count : new int[] {1, 2, 6}) {
        for (PoseGroups.Layout layout : PoseGroups.Layout.values()) {
          PoseGroups groups = new PoseGroups(count, slots, layout);
          boolean[] hidden =
              Tensors.booleans(groups.hidden(Tensors.of(flat, VALID.length, 1 + slots)));
          int m = groups.queries();
          for (int i = 0; i < VALID.length; i++) {
            boolean[][] expected = naive(VALID[i], count, layout);
            for (int row = 0; row < m; row++) {
              for (int column = 0; column < m; column++) {
                assertThat(hidden[(i * m + row) * m + column])
                    .as(layout + " " + count + ", image " + i + ", " + row + " sees " + column)
                    .isEqualTo(expected[row][column]);
              }
            }
          }
        }
      }
    }
  }

  /** Span by span, then the groups on the diagonal. */
  private static boolean[][] naive(boolean[] valid, int count, PoseGroups.Layout layout) {
    int length = valid.length;
    int span = layout == PoseGroups.Layout.WHOLE ? length : length - 1;
    int m = count * length;
    boolean[][] hidden = new boolean[m][m];
    for (int k = 0; k < count; k++) {
      for (int row = k * span; row < (k + 1) * span; row++) {
        for (int column = 0; column < m; column++) {
          boolean before = column < k * span;
          boolean after = column >= (k + 1) * span && k < count - 1;
          hidden[row][column] = before || after;
        }
      }
    }
    for (int k = 0; k < count; k++) {
      for (int i = 0; i < length; i++) {
        for (int j = 0; j < length; j++) {
          hidden[k * length + i][k * length + j] = valid[i] != valid[j];
        }
      }
    }
    return hidden;
  }

  @Test
  void everyQuerySeesItself() {
    try (var scope = TensorScope.open()) {
      for (PoseGroups.Layout layout : PoseGroups.Layout.values()) {
        PoseGroups groups = new PoseGroups(4, 4, layout);
        boolean[] hidden = Tensors.booleans(groups.hidden(Tensors.of(VALID[0], 1, 5)));
        for (int i = 0; i < groups.queries(); i++) {
          assertThat(hidden[i * groups.queries() + i]).isFalse();
        }
      }
    }
  }

  @Test
  void refusesEmptyGroups() {
    assertThatThrownBy(() -> new PoseGroups(0, 4, PoseGroups.Layout.WHOLE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PoseGroups(4, 0, PoseGroups.Layout.WHOLE))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
