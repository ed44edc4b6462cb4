package dev.visionllm.data;

import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The pictures that data sets name: where they are, and whether they can be used. */
final class PictureFiles {
  /** Endings of picture files, without the dot. */
  private static final List<String> ENDINGS = List.of("png", "jpg", "jpeg", "webp");

  /** Pixels. */
  record Size(int width, int height) {
    static Size of(LabelMap map) {
      return new Size(map.width(), map.height());
    }

    /** Refuses the thing of that name unless it has the size that is expected. */
    void agree(String name, Size expected) {
      if (!equals(expected)) {
        throw new IllegalArgumentException(name + " has " + this + " pixels, expected " + expected);
      }
    }

    @Override
    public String toString() {
      return width + " x " + height;
    }
  }

  /** The size, or what is wrong. */
  private record Seen(Size size, String fault) {}

  private final Path root;
  private final Map<Path, Seen> seen = new HashMap<>();

  /**
   * @param root where all pictures are; null for the folder of the data set or its images/
   */
  PictureFiles(Path root) {
    this.root = root;
  }

  /**
   * Checks that a picture exists and can be decoded; every file is decoded once.
   *
   * @param folder of the data set
   * @param name as the data set has it
   * @throws IllegalArgumentException if it cannot be used
   */
  Size check(Path folder, String name) {
    return check(find(folder, name));
  }

  /** Checks a file. */
  Size check(Path file) {
    Seen s = seen.computeIfAbsent(file, PictureFiles::look);
    if (s.fault() != null) {
      throw new IllegalArgumentException(s.fault());
    }
    return s.size();
  }

  private static Seen look(Path file) {
    try {
      Raster picture = ImageFiles.read(file);
      return new Seen(new Size(picture.width(), picture.height()), null);
    } catch (IllegalArgumentException e) {
      return new Seen(null, e.getMessage());
    } catch (IOException e) {
      return new Seen(null, "picture " + file + " cannot be read: " + e.getMessage());
    }
  }

  private Path find(Path folder, String name) {
    Path first = below(root == null ? folder : root, name);
    if (root != null || Files.exists(first)) {
      return first;
    }
    Path second = below(folder.resolve("images"), name);
    if (Files.exists(second)) {
      return second;
    }
    throw new IllegalArgumentException(
        "picture %s exists neither in %s nor in its images/".formatted(name, folder));
  }

  /** A name from a data set, refused where it leads out of the folder. */
  static Path below(Path folder, String name) {
    try {
      Path top = folder.toAbsolutePath().normalize();
      if (top.resolve(name).normalize().startsWith(top) && !Path.of(name).isAbsolute()) {
        return folder.resolve(name).normalize();
      }
    } catch (InvalidPathException e) {
      // no name at all: refused like the others
    }
    throw new IllegalArgumentException(
        "'" + name + "' is no name of something below the folder " + folder);
  }

  /** Whether a name ends as that of a picture. */
  static boolean isPicture(String name) {
    return ENDINGS.contains(ending(name));
  }

  /** The picture NAME.png, NAME.jpg, ... in a folder, or null. */
  static Path named(Path folder, String stem) {
    return ENDINGS.stream()
        .map(e -> folder.resolve(stem + "." + e))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(null);
  }

  /** What follows the last dot of a name, in lower case. */
  static String ending(String name) {
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** What is before the last dot of a name. */
  static String stem(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }
}
