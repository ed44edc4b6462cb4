package dev.visionllm.image;

import dev.visionllm.geometry.Mask;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How a picture becomes the square tiles that the image encoder reads (paper section 3.1, reference
 * mm_utils.dynamic_preprocess).
 *
 * @param mode how the picture fills the tiles
 * @param size side of a tile in pixels
 * @param maxTiles the largest number of tiles in mode ANYRES, the global one not counted
 */
public record Tiles(Mode mode, int size, int maxTiles) {
  /** The reference's image_aspect_ratio. */
  public enum Mode {
    /**
     * Squeezed onto the grid of tiles whose aspect ratio is closest; the whole picture, squeezed
     * onto one tile, comes last unless the grid is a single tile.
     */
    ANYRES,
    /** One tile: filled up to a square with CLIP's mean colour. */
    PAD,
    /** One tile: CLIP's own preprocessing, the shorter side to size and the centre cut out. */
    SQUARE
  }

  /** Tiles side by side and on top of one another. */
  public record Grid(int columns, int rows) {
    int tiles() {
      return columns * rows;
    }
  }

  public Tiles {
    if (size < 1) {
      throw new IllegalArgumentException("tile size " + size + "; it must be at least 1");
    }
    if (maxTiles < 1 || maxTiles > 1024) {
      throw new IllegalArgumentException("maximum of tiles " + maxTiles + "; allowed: 1 to 1024");
    }
  }

  /** The same with another maximum. @param most tiles of a picture; 0 for no other */
  public Tiles withMost(int most) {
    return most == 0 ? this : new Tiles(mode, size, most);
  }

  /** All tiles of a picture, row by row, the global one last; each size x size. */
  public List<Raster> cut(Raster picture) {
    return switch (mode) {
      case ANYRES -> cutGrid(picture);
      case PAD -> List.of(Squares.clip(Squares.pad(picture, Squares.CLIP_MEAN), size));
      case SQUARE -> List.of(Squares.clip(picture, size));
    };
  }

  /** How many tiles {@link #cut} gives for a picture of that size, the global one included. */
  public int count(int width, int height) {
    if (mode != Mode.ANYRES) {
      return 1;
    }
    int tiles = grid(width, height).tiles();
    return tiles == 1 ? 1 : tiles + 1;
  }

  /**
   * The grid whose aspect ratio is closest to the picture's. Of equally close ones the larger grid
   * is taken if the picture has more than half its pixels.
   */
  public Grid grid(int width, int height) {
    double aspect = (double) width / height;
    double area = (double) width * height;
    double best = Double.POSITIVE_INFINITY;
    Grid closest = new Grid(1, 1);
    for (Grid g : grids(maxTiles)) {
      double difference = Math.abs(aspect - (double) g.columns / g.rows);
      if (difference < best) {
        best = difference;
        closest = g;
      } else if (difference == best && area > 0.5 * size * size * g.tiles()) {
        closest = g;
      }
    }
    return closest;
  }

  /**
   * Every grid of at most maxTiles tiles, smaller ones first. Among grids of equally many tiles the
   * order has no effect: between two of them there is always a closer grid of another number.
   */
  public static List<Grid> grids(int maxTiles) {
    List<Grid> grids = new ArrayList<>();
    for (int columns = 1; columns <= maxTiles; columns++) {
      for (int rows = 1; columns * rows <= maxTiles; rows++) {
        grids.add(new Grid(columns, rows));
      }
    }
    grids.sort(Comparator.comparingInt(Grid::tiles));
    return grids;
  }

  private List<Raster> cutGrid(Raster picture) {
    Grid grid = grid(picture.width(), picture.height());
    Raster whole = Resample.bicubic(picture, grid.columns * size, grid.rows * size);
    List<Raster> tiles = new ArrayList<>();
    for (int row = 0; row < grid.rows; row++) {
      for (int column = 0; column < grid.columns; column++) {
        tiles.add(whole.crop(column * size, row * size, size, size));
      }
    }
    if (tiles.size() > 1) {
      tiles.add(Resample.bicubic(picture, size, size));
    }
    return List.copyOf(tiles);
  }

  /**
   * A region of the picture as it lies on the global tile, which is the one that the region encoder
   * sees. As in the reference the mask is resized bilinearly and everything above zero counts; a
   * region that falls between the sampled pixels takes the pixels that its own fall into.
   *
   * @throws IllegalArgumentException if the mask is empty or mode SQUARE cuts the region off
   */
  public Mask region(Mask picture) {
    int w = picture.width();
    int h = picture.height();
    int side = Math.max(w, h);
    Mask tile =
        switch (mode) {
          case ANYRES -> fit(picture, 0, 0, w, h);
          case PAD -> fit(picture, (w - side) / 2, (h - side) / 2, side, side);
          case SQUARE -> {
            int[] to = Squares.shortestEdge(w, h, size);
            double x = (to[0] - size) / 2 * ((double) w / to[0]);
            double y = (to[1] - size) / 2 * ((double) h / to[1]);
            yield fit(picture, x, y, size * ((double) w / to[0]), size * ((double) h / to[1]));
          }
        };
    if (tile.area() == 0) {
      throw new IllegalArgumentException(
          picture.area() == 0
              ? "the region's mask is empty: mark at least one pixel"
              : "the region lies outside the centre square of the picture of "
                  + w
                  + " x "
                  + h
                  + " that this model sees: choose a region nearer to the centre");
    }
    return tile;
  }

  /** Samples the window (x, y, w, h) of the picture, which may reach beyond it, onto one tile. */
  private Mask fit(Mask picture, double x, double y, double w, double h) {
    Mask tile = Mask.of(size, size, new boolean[size * size]);
    for (int row = 0; row < size; row++) {
      double sy = y + (row + 0.5) * h / size - 0.5;
      for (int column = 0; column < size; column++) {
        double sx = x + (column + 0.5) * w / size - 0.5;
        if (touches(picture, sx, sy)) {
          tile.set(column, row, true);
        }
      }
    }
    if (tile.area() > 0) {
      return tile;
    }
    for (int row = 0; row < picture.height(); row++) {
      for (int column = 0; column < picture.width(); column++) {
        int tx = (int) Math.floor((column + 0.5 - x) * size / w);
        int ty = (int) Math.floor((row + 0.5 - y) * size / h);
        if (picture.get(column, row) && tx >= 0 && ty >= 0 && tx < size && ty < size) {
          tile.set(tx, ty, true);
        }
      }
    }
    return tile;
  }

  /** Whether one of the up to four pixels that weigh in at that position is set. */
  private static boolean touches(Mask mask, double x, double y) {
    int x0 = (int) Math.floor(x);
    int y0 = (int) Math.floor(y);
    int x1 = x > x0 ? x0 + 1 : x0;
    int y1 = y > y0 ? y0 + 1 : y0;
    return set(mask, x0, y0) || set(mask, x1, y0) || set(mask, x0, y1) || set(mask, x1, y1);
  }

  private static boolean set(Mask mask, int x, int y) {
    return x >= 0 && y >= 0 && x < mask.width() && y < mask.height() && mask.get(x, y);
  }
}
