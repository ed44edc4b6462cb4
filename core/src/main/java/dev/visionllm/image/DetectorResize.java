package dev.visionllm.image;

import dev.visionllm.geometry.Box;

/**
 * The decoders' input size: the picture keeps its aspect ratio, its shorter side becomes {@code
 * shortSide} unless the longer one would exceed {@code longSide}.
 *
 * @param rule whose rounding and whose resampling
 */
public record DetectorResize(Rule rule, int shortSide, int longSide) {
  /** Grounding DINO's input in the reference. */
  public static final DetectorResize GROUNDING_DINO = new DetectorResize(Rule.MMCV, 800, 1333);

  /** UniPose's input in the reference. */
  public static final DetectorResize UNIPOSE = new DetectorResize(Rule.TORCHVISION, 800, 1333);

  /** The two libraries behind the reference's pipelines. */
  public enum Rule {
    /** Sides rounded to the nearest; OpenCV's bilinear without antialiasing. */
    MMCV,
    /** Sides cut to integers; Pillow's bilinear with antialiasing. */
    TORCHVISION
  }

  public DetectorResize {
    if (shortSide < 1 || longSide < shortSide) {
      throw new IllegalArgumentException(
          "detector sides "
              + shortSide
              + " and "
              + longSide
              + "; need 1 <= short side <= long side");
    }
  }

  /** Width and height of the resized picture, each at least 1. */
  public record Size(int width, int height) {}

  /** A resized picture and the size of the one it was made from, to map boxes between both. */
  public record Resized(Raster raster, int fromWidth, int fromHeight) {
    /** Resized width / original width. */
    public double scaleX() {
      return (double) raster.width() / fromWidth;
    }

    /** Resized height / original height. */
    public double scaleY() {
      return (double) raster.height() / fromHeight;
    }

    /** A box in pixels of the resized picture, in pixels of the original. */
    public Box toOriginal(Box box) {
      return new Box(
          box.x0() / scaleX(), box.y0() / scaleY(), box.x1() / scaleX(), box.y1() / scaleY());
    }

    /** A box in pixels of the original, in pixels of the resized picture. */
    public Box fromOriginal(Box box) {
      return new Box(
          box.x0() * scaleX(), box.y0() * scaleY(), box.x1() * scaleX(), box.y1() * scaleY());
    }
  }

  /** The size that a picture of width x height gets. */
  public Size size(int width, int height) {
    return switch (rule) {
      case MMCV -> {
        double scale =
            Math.min(
                (double) longSide / Math.max(width, height),
                (double) shortSide / Math.min(width, height));
        yield new Size(
            Math.max((int) (width * scale + 0.5), 1), Math.max((int) (height * scale + 0.5), 1));
      }
      case TORCHVISION -> {
        int shorter = Math.min(width, height);
        int longer = Math.max(width, height);
        int side = shortSide;
        if ((double) longer / shorter * side > longSide) {
          side = Math.max((int) Math.rint((double) longSide * shorter / longer), 1);
        }
        yield width < height
            ? new Size(side, (int) ((long) side * height / width))
            : new Size((int) ((long) side * width / height), side);
      }
    };
  }

  /** Resizes a picture to {@link #size}. */
  public Resized resize(Raster picture) {
    Size to = size(picture.width(), picture.height());
    Raster resized =
        switch (rule) {
          case MMCV -> CvResize.bilinear(picture, to.width, to.height);
          case TORCHVISION -> Resample.bilinear(picture, to.width, to.height);
        };
    return new Resized(resized, picture.width(), picture.height());
  }
}
