package dev.visionllm.image;

/**
 * 8-bit samples to floats: one table of 256 values per channel. The presets differ in mean and
 * deviation and in the order of their float operations, which follows the library that the
 * reference uses for that picture.
 */
public final class Normalize {
  private static final double[] CLIP_MEAN = {0.48145466, 0.4578275, 0.40821073};
  private static final double[] CLIP_STD = {0.26862954, 0.26130258, 0.27577711};
  private static final double[] IMAGENET_MEAN = {0.485, 0.456, 0.406};
  private static final double[] IMAGENET_STD = {0.229, 0.224, 0.225};

  /** CLIP's image encoder, as the CLIPImageProcessor of transformers computes it. */
  public static final Normalize CLIP = clip(CLIP_MEAN, CLIP_STD);

  /** ImageNet's statistics as torchvision's ToTensor and Normalize compute it (UniPose). */
  public static final Normalize IMAGENET = imageNet();

  /** ImageNet's statistics as mmcv's imnormalize computes it (Grounding DINO). */
  public static final Normalize IMAGENET_CV = imageNetCv();

  /** To -1..1 (the autoencoder of Stable Diffusion). */
  public static final Normalize SIGNED = signed();

  private final float[][] table; // [channel][sample]

  private Normalize(float[][] table) {
    this.table = table;
  }

  /** CLIP's arithmetic with other statistics, given for samples in 0..1, per channel. */
  public static Normalize clip(double[] mean, double[] std) {
    float[][] table = new float[3][256];
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        float unit = (float) (v * 0.00392156862745098);
        table[c][v] = (unit - (float) mean[c]) / (float) std[c];
      }
    }
    return new Normalize(table);
  }

  private static Normalize imageNet() {
    float[][] table = new float[3][256];
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        table[c][v] = (v / 255f - (float) IMAGENET_MEAN[c]) / (float) IMAGENET_STD[c];
      }
    }
    return new Normalize(table);
  }

  private static Normalize imageNetCv() {
    float[][] table = new float[3][256];
    for (int c = 0; c < 3; c++) {
      float mean = (float) (IMAGENET_MEAN[c] * 255);
      double inverse = 1 / (double) (float) (IMAGENET_STD[c] * 255);
      for (int v = 0; v < 256; v++) {
        table[c][v] = (float) ((v - mean) * inverse);
      }
    }
    return new Normalize(table);
  }

  private static Normalize signed() {
    float[][] table = new float[3][256];
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        table[c][v] = (v / 255f - 0.5f) / 0.5f;
      }
    }
    return new Normalize(table);
  }

  /**
   * @return (3, height, width) in row-major order: all red values, then green, then blue
   */
  public float[] planes(Raster picture) {
    float[] planes = new float[3 * picture.width() * picture.height()];
    write(picture, planes, 0, picture.width(), picture.height());
    return planes;
  }

  /**
   * Writes the three planes into a (3, h, w) area that starts at offset; the rest is left alone.
   */
  void write(Raster picture, float[] into, int offset, int w, int h) {
    byte[] rgb = picture.rgb();
    for (int c = 0; c < 3; c++) {
      float[] values = table[c];
      for (int y = 0; y < picture.height(); y++) {
        int at = offset + (c * h + y) * w;
        int i = 3 * y * picture.width() + c;
        for (int x = 0; x < picture.width(); x++, i += 3) {
          into[at + x] = values[rgb[i] & 255];
        }
      }
    }
  }
}
