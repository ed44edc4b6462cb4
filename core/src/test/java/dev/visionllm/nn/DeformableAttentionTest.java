package dev.visionllm.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.model.RandomWeights;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class DeformableAttentionTest {
  private static final List<Level> LEVELS = List.of(new Level(5, 7, 0), new Level(3, 2, 35));
  private static final int TOKENS = 41;
  private static final int QUERIES = 6;
  private static final int HEADS = 2;
  private static final int CHANNELS = 3;
  private static final int POINTS = 4;

  @Test
  void samplingEqualsANaiveLoop() {
    try (var scope = TensorScope.open()) {
      Random random = new Random(5);
      int b = 2;
      Tensor value = RandomWeights.tensor(1, b, TOKENS, HEADS * CHANNELS);
      float[] xy = new float[b * QUERIES * HEADS * LEVELS.size() * POINTS * 2];
      for (int i = 0; i < xy.length; i++) {
        xy[i] = random.nextFloat() * 1.6f - 0.3f; // some beyond the border
      }
      Tensor places = Tensors.of(xy, b, QUERIES, HEADS, LEVELS.size(), POINTS, 2);
      Tensor weights =
          torch.softmax(RandomWeights.tensor(2, b, QUERIES, HEADS, LEVELS.size() * POINTS), -1);
      float[] actual =
          Tensors.floats(
              DeformableAttention.sample(
                  value, LEVELS, HEADS, F.scale(places, 2).sub(new Scalar(1)), weights));
      double[] expected = naive(b, Tensors.floats(value), xy, Tensors.floats(weights));
      assertThat(actual).hasSize(expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) actual[i])
            .as("element " + i)
            .isCloseTo(expected[i], Offset.offset(1e-5));
      }
    }
  }

  private static double[] naive(int b, float[] value, float[] xy, float[] weight) {
    double[] out = new double[b * QUERIES * HEADS * CHANNELS];
    int at = 0; // a place
    for (int i = 0; i < b; i++) {
      for (int q = 0; q < QUERIES; q++) {
        for (int h = 0; h < HEADS; h++) {
          for (Level level : LEVELS) {
            for (int s = 0; s < POINTS; s++, at++) {
              double x = xy[2 * at] * (double) level.width() - 0.5;
              double y = xy[2 * at + 1] * (double) level.height() - 0.5;
              for (int dy = 0; dy < 2; dy++) {
                for (int dx = 0; dx < 2; dx++) {
                  int column = (int) Math.floor(x) + dx;
                  int row = (int) Math.floor(y) + dy;
                  if (column < 0 || row < 0 || column >= level.width() || row >= level.height()) {
                    continue;
                  }
                  double share = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row)) * weight[at];
                  int token = level.start() + row * level.width() + column;
                  for (int k = 0; k < CHANNELS; k++) {
                    out[((i * QUERIES + q) * HEADS + h) * CHANNELS + k] +=
                        share * value[(i * TOKENS + token) * HEADS * CHANNELS + h * CHANNELS + k];
                  }
                }
              }
            }
          }
        }
      }
    }
    return out;
  }
}
