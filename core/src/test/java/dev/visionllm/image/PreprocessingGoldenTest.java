package dev.visionllm.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.Golden;
import dev.visionllm.image.Tiles.Grid;
import dev.visionllm.image.Tiles.Mode;
import dev.visionllm.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** Pictures of the reference's preprocessing: sizes, tiles, 8-bit pixels and normalised floats. */
class PreprocessingGoldenTest {
  private static final Pattern PILLOW =
      Pattern.compile("(img\\d+)\\.pil_(bicubic|bilinear)_(\\d+)x(\\d+)");

  private static final Pattern SMALL_DETECTOR =
      Pattern.compile("gdino\\.(img\\d+)\\.small_(\\d+)x(\\d+)");

  @TestFactory
  Stream<DynamicTest> gridsOfTiles() {
    return Golden.tests(Golden.Kind.PREPROCESSING, PreprocessingGoldenTest::checkGrids);
  }

  private static void checkGrids(Golden golden) {
    int lists = 0;
    for (String key : golden.meta().propertyNames()) {
      if (key.startsWith("target_ratios_max")) {
        int max = Integer.parseInt(key.substring("target_ratios_max".length()));
        List<Grid> expected = new ArrayList<>();
        for (JsonNode pair : golden.meta().get(key)) {
          expected.add(new Grid(pair.get(0).asInt(), pair.get(1).asInt()));
        }
        assertThat(Tiles.grids(max)).as(key).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(Tiles.grids(max))
            .as(key + " by number of tiles")
            .isSortedAccordingTo(Comparator.comparingInt(Grid::tiles));
        lists++;
      }
    }
    Tensor table = golden.io("aspect_ratio.table");
    long[] t = Tensors.longs(table);
    for (int i = 0; i < t.length; i += 8) {
      Tiles tiles = new Tiles(Mode.ANYRES, (int) t[i + 1], (int) t[i]);
      String row = "max " + t[i] + ", size " + t[i + 1] + ", " + t[i + 2] + " x " + t[i + 3];
      Grid grid = tiles.grid((int) t[i + 2], (int) t[i + 3]);
      assertThat(grid).as(row).isEqualTo(new Grid((int) t[i + 4], (int) t[i + 5]));
      assertThat(grid.tiles()).as(row).isEqualTo((int) t[i + 6]);
      assertThat(tiles.count((int) t[i + 2], (int) t[i + 3])).as(row).isEqualTo((int) t[i + 7]);
    }
    print(golden, "grids: " + lists + " lists, " + t.length / 8 + " rows", 0);
  }

  @TestFactory
  Stream<DynamicTest> resizesAsPillow() {
    return Golden.tests(
        Golden.Kind.PREPROCESSING,
        golden -> {
          for (String name : golden.io().entries().keySet()) {
            Matcher m = PILLOW.matcher(name);
            if (m.matches()) {
              Raster picture = picture(golden, m.group(1));
              int w = Integer.parseInt(m.group(3));
              int h = Integer.parseInt(m.group(4));
              Raster actual =
                  m.group(2).equals("bicubic")
                      ? Resample.bicubic(picture, w, h)
                      : Resample.bilinear(picture, w, h);
              bytes(golden, name, actual.rgb());
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> tilesAndClipPixels() {
    return Golden.tests(Golden.Kind.PREPROCESSING, PreprocessingGoldenTest::checkTiles);
  }

  private static void checkTiles(Golden golden) {
    int size = golden.meta().get("tile_size").asInt();
    JsonNode clip = golden.meta().get("clip_processor");
    Normalize normalize =
        Normalize.clip(three(clip.get("image_mean")), three(clip.get("image_std")));
    for (String image : images(golden)) {
      Raster picture = picture(golden, image);
      bytes(golden, image + ".rgb", picture.rgb());

      int withThumbnail = (int) golden.io(image + ".anyres.pixel_values").shape()[0];
      List<Raster> tiles = tiles(golden, image, picture, size, withThumbnail);
      assertThat(tiles).hasSize(withThumbnail);
      bytes(golden, image + ".anyres_thumb1.tiles_uint8", join(tiles));
      int grid = Math.max(1, withThumbnail - 1);
      bytes(golden, image + ".anyres_thumb0.tiles_uint8", join(tiles.subList(0, grid)));
      floats(golden, image + ".anyres.pixel_values", join(normalize, tiles));

      List<Raster> square = new Tiles(Mode.SQUARE, size, 1).cut(picture);
      floats(golden, image + ".resize.pixel_values", join(normalize, square));

      Raster padded = Squares.pad(picture, Squares.CLIP_MEAN);
      bytes(golden, image + ".pad.square_uint8", padded.rgb());
      List<Raster> pad = new Tiles(Mode.PAD, size, 1).cut(picture);
      floats(golden, image + ".pad.pixel_values", join(normalize, pad));
    }
  }

  /** meta.json does not say which maximum cut these tiles: the one that gives their number. */
  private static List<Raster> tiles(
      Golden golden, String image, Raster picture, int size, int count) {
    for (int max : new int[] {4, 6, 12}) {
      Tiles tiles = new Tiles(Mode.ANYRES, size, max);
      if (tiles.count(picture.width(), picture.height()) == count) {
        return tiles.cut(picture);
      }
    }
    throw new AssertionError(golden.name() + " " + image + ": no maximum gives " + count);
  }

  @TestFactory
  Stream<DynamicTest> detectorSizesAndPixels() {
    return Golden.tests(Golden.Kind.PREPROCESSING, PreprocessingGoldenTest::checkDetector);
  }

  private static void checkDetector(Golden golden) {
    for (JsonNode row : golden.meta().get("gdino_resize_table_1333x800")) {
      var size = DetectorResize.GROUNDING_DINO.size(row.get(0).asInt(), row.get(1).asInt());
      assertThat(List.of(size.width(), size.height()))
          .as("Grounding DINO's size of " + row)
          .containsExactly(row.get(2).asInt(), row.get(3).asInt());
    }
    for (JsonNode row : golden.meta().get("unipose_resize_table_800_1333_hw")) {
      var size = DetectorResize.UNIPOSE.size(row.get(0).asInt(), row.get(1).asInt());
      assertThat(List.of(size.height(), size.width()))
          .as("UniPose's size of " + row)
          .containsExactly(row.get(2).asInt(), row.get(3).asInt());
    }
    List<Raster> batch = new ArrayList<>();
    for (String key : golden.meta().propertyNames()) {
      Matcher m = SMALL_DETECTOR.matcher(key);
      if (m.matches()) {
        String image = m.group(1);
        Raster picture = picture(golden, image);
        int longSide = Integer.parseInt(m.group(2));
        int shortSide = Integer.parseInt(m.group(3));
        var resize = new DetectorResize(DetectorResize.Rule.MMCV, shortSide, longSide);
        var resized = resize.resize(picture);
        bytes(golden, "gdino." + image + ".resized_bgr_uint8", swapped(resized.raster()));
        floats(
            golden,
            "gdino." + image + ".pixel_values",
            Normalize.IMAGENET_CV.planes(resized.raster()));
        JsonNode scale = golden.meta().get(key).get("scale_factor");
        assertThat((float) resized.scaleX()).isEqualTo((float) scale.get(0).asDouble());
        assertThat((float) resized.scaleY()).isEqualTo((float) scale.get(1).asDouble());
        batch.add(resized.raster());

        var pose =
            new DetectorResize(DetectorResize.Rule.TORCHVISION, shortSide, longSide)
                .resize(picture)
                .raster();
        bytes(golden, "unipose." + image + ".resized_uint8", pose.rgb());
        floats(golden, "unipose." + image + ".pixel_values", Normalize.IMAGENET.planes(pose));
      }
    }
    PaddedBatch padded = PaddedBatch.of(batch, Normalize.IMAGENET_CV, 32);
    floats(golden, "gdino.batch.tensors", padded.pixels());
    boolean[] padding = Tensors.booleans(golden.io("gdino.batch.mask"));
    assertThat(padded.valid().length).isEqualTo(padding.length);
    for (int i = 0; i < padding.length; i++) {
      assertThat(padded.valid()[i]).as("valid at " + i).isNotEqualTo(padding[i]);
    }
    print(golden, "gdino.batch.mask", 0);
  }

  @TestFactory
  Stream<DynamicTest> diffusionPixels() {
    return Golden.tests(
        Golden.Kind.PREPROCESSING,
        golden -> {
          for (String image : images(golden)) {
            Raster picture = picture(golden, image);
            int size = golden.meta().get("tile_size").asInt();
            Raster square = Squares.pad(picture, Squares.WHITE);
            floats(
                golden,
                "sd." + image + ".output_image_t2i",
                Normalize.SIGNED.planes(Squares.diffusion(square, size)));
            floats(
                golden,
                "sd." + image + ".image_edit",
                Normalize.SIGNED.planes(Squares.diffusion(picture, size)));
          }
        });
  }

  private static List<String> images(Golden golden) {
    return golden.io().entries().keySet().stream()
        .filter(name -> name.matches("img\\d+\\.rgb"))
        .map(name -> name.substring(0, name.indexOf('.')))
        .sorted()
        .toList();
  }

  private static Raster picture(Golden golden, String image) {
    try {
      return ImageFiles.read(golden.dir().resolve(image + ".png"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double[] three(JsonNode list) {
    return new double[] {list.get(0).asDouble(), list.get(1).asDouble(), list.get(2).asDouble()};
  }

  private static byte[] join(List<Raster> tiles) {
    int n = tiles.get(0).rgb().length;
    byte[] all = new byte[n * tiles.size()];
    for (int i = 0; i < tiles.size(); i++) {
      System.arraycopy(tiles.get(i).rgb(), 0, all, i * n, n);
    }
    return all;
  }

  private static float[] join(Normalize normalize, List<Raster> tiles) {
    int n = tiles.get(0).rgb().length;
    float[] all = new float[n * tiles.size()];
    for (int i = 0; i < tiles.size(); i++) {
      System.arraycopy(normalize.planes(tiles.get(i)), 0, all, i * n, n);
    }
    return all;
  }

  private static byte[] swapped(Raster picture) {
    byte[] bgr = picture.rgb().clone();
    for (int i = 0; i < bgr.length; i += 3) {
      bgr[i] = picture.rgb()[i + 2];
      bgr[i + 2] = picture.rgb()[i];
    }
    return bgr;
  }

  private static void bytes(Golden golden, String name, byte[] actual) {
    long[] expected = Tensors.longs(golden.io(name));
    assertThat(actual.length).as(name).isEqualTo(expected.length);
    int worst = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs((actual[i] & 255) - (int) expected[i]));
    }
    print(golden, name, worst);
    assertThat(worst).as(golden.name() + " " + name + " is exact").isZero();
  }

  private static void floats(Golden golden, String name, float[] actual) {
    float[] expected = Tensors.floats(golden.io(name));
    assertThat(actual.length).as(name).isEqualTo(expected.length);
    double worst = 0;
    double top = 0;
    for (int i = 0; i < actual.length; i++) {
      worst = Math.max(worst, Math.abs((double) actual[i] - expected[i]));
      top = Math.max(top, Math.abs(expected[i]));
    }
    System.out.printf(
        "%-32s %-36s max abs diff %.3g, relative to maximum %.3g%n",
        golden.name(), name, worst, top == 0 ? worst : worst / top);
    assertThat(worst).as(golden.name() + " " + name).isLessThanOrEqualTo(1e-6);
  }

  private static void print(Golden golden, String name, int worst) {
    System.out.printf("%-32s %-36s max abs diff %d%n", golden.name(), name, worst);
  }
}
