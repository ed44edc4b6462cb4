package dev.visionllm.model.region;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class RegionEncoderGoldenTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReference() {
    return Golden.tests(Golden.Kind.REGION_ENCODER, RegionEncoderGoldenTest::check);
  }

  private static void check(Golden g) {
    RegionEncoder.Config c =
        new RegionEncoder.Config(
            g.config("hidden_dim").asInt(),
            g.config("embed_dim").asInt(),
            g.config("out_dim").asInt(),
            g.config("patch_size").asInt(),
            g.config("num_points").asInt());
    try (Params root = g.weights()) {
      RegionEncoder encoder = new RegionEncoder(root.at("region_encoder"), c);
      Tensor images = g.io("images");
      Tensor masks = g.io("masks");
      List<Tensor> levels = new ArrayList<>();
      for (int k = 0; g.has("image_features." + k); k++) {
        levels.add(g.io("image_features." + k));
      }
      g.check("mask_embedding_out", encoder.embedMask(images, masks), 1e-5);
      List<Tensor> maps = encoder.maps(images, masks, levels);
      for (int k = 0; k < maps.size(); k++) {
        g.check("level" + k + ".feature_map", maps.get(k), 1e-5);
      }
      double[][][] points = points(g, levels.size());
      Tensor expected = g.io("region_embeddings");

      int[] pixels = pixels(masks);
      boolean cut = pixels[0] == 0; // the reference's bug: it has cut all coordinates of the batch
      Tensor all = encoder.forward(images, masks, levels, new Random(1));
      // given the reference's points, damaged ones included, we agree everywhere
      g.check("region_embeddings", encoder.forward(images, masks, levels, points), 1e-5);
      for (int i = 0; i < pixels.length; i++) {
        if (pixels[i] > c.points()) {
          continue; // random points
        }
        Tensor single =
            encoder.forward(one(images, i), one(masks, i), ones(levels, i), new Random(1));
        Golden.check(g.name(), "batch = single run, mask " + i, single, one(all, i), 1e-6);
        if (!cut || pixels[i] == 0) {
          Golden.check(g.name(), "own points, mask " + i, one(expected, i), one(all, i), 1e-5);
        } else {
          assertThat(Tensors.floats(one(all, i)))
              .as("mask %d does not repeat the reference's bug", i)
              .isNotEqualTo(Tensors.floats(one(expected, i)));
        }
      }
      NoLeaks.assertFlat(() -> encoder.forward(images, masks, levels, new Random(1)));
    }
  }

  private static Tensor one(Tensor t, int i) {
    return t.narrow(0, i, 1);
  }

  private static List<Tensor> ones(List<Tensor> levels, int i) {
    return levels.stream().map(t -> one(t, i)).toList();
  }

  private static int[] pixels(Tensor masks) {
    int n = (int) masks.size(0);
    boolean[] all = Tensors.booleans(masks);
    int[] out = new int[n];
    for (int i = 0; i < all.length; i++) {
      out[i / (all.length / n)] += all[i] ? 1 : 0;
    }
    return out;
  }

  /** The points that the reference drew: [level][region] x0, y0, ..., its padding left out. */
  private static double[][][] points(Golden g, int levels) {
    long[] counts = Tensors.longs(g.io("num_points_per_mask"));
    double[][][] out = new double[levels][][];
    for (int k = 0; k < levels; k++) {
      Tensor t = g.io("level" + k + ".point_coords_xy");
      int n = (int) t.size(0);
      int most = (int) t.size(1);
      float[] xy = Tensors.floats(t);
      out[k] = new double[n][];
      for (int i = 0; i < n; i++) {
        int from = i * most * 2;
        float[] own = Arrays.copyOfRange(xy, from, from + 2 * (int) counts[k * n + i]);
        out[k][i] = new double[own.length];
        for (int j = 0; j < own.length; j++) {
          out[k][i][j] = own[j];
        }
      }
    }
    return out;
  }
}
