package dev.visionllm.image;

/** Ways to make a picture square: fill up, or shrink the shorter side and cut the centre out. */
public final class Squares {
  /** The fill of mode 'pad': CLIP's mean colour, cut to integers. */
  public static final int CLIP_MEAN = 122 << 16 | 116 << 8 | 104;

  public static final int WHITE = 0xffffff;

  private Squares() {}

  /** Centres the picture on a square of its longer side; an odd remainder goes right or below. */
  public static Raster pad(Raster picture, int colour) {
    int w = picture.width();
    int h = picture.height();
    if (w == h) {
      return picture;
    }
    int side = Math.max(w, h);
    Raster square = Raster.filled(side, side, colour);
    int x = (side - w) / 2;
    int y = (side - h) / 2;
    for (int row = 0; row < h; row++) {
      System.arraycopy(picture.rgb(), 3 * row * w, square.rgb(), 3 * ((y + row) * side + x), 3 * w);
    }
    return square;
  }

  /**
   * Width and height after the shorter side became size; the longer one is cut to an integer, as
   * transformers and torchvision do.
   */
  public static int[] shortestEdge(int width, int height, int size) {
    return width <= height
        ? new int[] {size, (int) ((long) size * height / width)}
        : new int[] {(int) ((long) size * width / height), size};
  }

  /**
   * CLIP's preprocessing: bicubic to the shorter side, then the centre (an odd pixel goes right).
   */
  public static Raster clip(Raster picture, int size) {
    int[] to = shortestEdge(picture.width(), picture.height(), size);
    Raster small = Resample.bicubic(picture, to[0], to[1]);
    return small.crop((to[0] - size) / 2, (to[1] - size) / 2, size, size);
  }

  /**
   * The diffusion models' preprocessing: bilinear to the shorter side, then torchvision's centre
   * crop, which rounds half a pixel to the even one.
   */
  public static Raster diffusion(Raster picture, int size) {
    int[] to = shortestEdge(picture.width(), picture.height(), size);
    Raster small = Resample.bilinear(picture, to[0], to[1]);
    int x = (int) Math.rint((to[0] - size) / 2.0);
    int y = (int) Math.rint((to[1] - size) / 2.0);
    return small.crop(x, y, size, size);
  }
}
