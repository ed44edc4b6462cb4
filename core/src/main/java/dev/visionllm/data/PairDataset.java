package dev.visionllm.data;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * Pictures with a caption each, as a tar shard of WebDataset or a folder: NAME.png, .jpg, .jpeg or
 * .webp beside NAME.txt or, where there is none, NAME.json with a "caption". Other files are passed
 * over. Names are listed at once; pictures and captions are read when they are asked for.
 */
public final class PairDataset implements AutoCloseable {
  /** The names of a pair's entries; NAME is the key. */
  public record Sample(String key, String picture, String caption) {}

  /** A picture and what it shows. */
  public record Pair(String key, Raster picture, String caption) {}

  private final Path path;
  private final Entries entries;
  private final List<Sample> samples;

  private PairDataset(Path path, Entries entries, List<Sample> samples) {
    this.path = path;
    this.entries = entries;
    this.samples = samples;
  }

  /**
   * Opens a shard or a folder.
   *
   * @throws BrokenSample if the shard is damaged; if an entry occurs twice or a picture and a
   *     caption miss one another and problems are refused
   */
  public static PairDataset open(Path path, Problems problems) throws IOException {
    Entries entries = BrokenSample.located(path, "", () -> Entries.open(path));
    try {
      return new PairDataset(path, entries, samples(path, entries, problems));
    } catch (BrokenSample e) {
      entries.close();
      throw e;
    }
  }

  private static List<Sample> samples(Path path, Entries entries, Problems problems) {
    Map<String, Map<String, String>> groups = new LinkedHashMap<>(); // key -> kind -> name
    Set<String> known = new HashSet<>();
    for (String name : entries.names()) {
      problems.take(
          path,
          name,
          () -> {
            if (!known.add(name)) {
              throw new IllegalArgumentException("occurs twice: names must be unique");
            }
            String ending = PictureFiles.ending(name);
            boolean picture = PictureFiles.isPicture(name);
            int keyEnd = entries.keyEnd(name);
            boolean whole = keyEnd == name.length() - ending.length() - 1;
            if (whole && (picture || ending.equals("txt") || ending.equals("json"))) {
              String other =
                  groups
                      .computeIfAbsent(name.substring(0, keyEnd), k -> new HashMap<>())
                      .put(picture ? "picture" : ending, name);
              if (other != null) {
                throw new IllegalArgumentException("is a second picture beside " + other);
              }
            }
          });
    }
    List<Sample> out = new ArrayList<>();
    groups.forEach(
        (key, group) -> {
          String picture = group.get("picture");
          String caption = group.getOrDefault("txt", group.get("json"));
          if (picture != null && caption != null) {
            out.add(new Sample(key, picture, caption));
          } else if (picture != null) {
            problems.add(path, picture, "has no caption: expected " + key + ".txt or .json");
          } else {
            problems.add(path, caption, "has no picture: expected " + key + ".png, .jpg or .webp");
          }
        });
    return List.copyOf(out);
  }

  /** All pairs, in the order of the shard or by name. */
  public List<Sample> samples() {
    return samples;
  }

  /**
   * Reads a pair. Safe for several threads.
   *
   * @throws BrokenSample if the picture cannot be decoded or the caption is empty or no text
   */
  public Pair read(Sample sample) {
    Raster picture =
        BrokenSample.located(
            path,
            sample.picture(),
            () -> ImageFiles.read(entries.read(sample.picture()), "its picture"));
    String caption = BrokenSample.located(path, sample.caption(), () -> caption(sample.caption()));
    return new Pair(sample.key(), picture, caption);
  }

  private String caption(String name) throws IOException {
    byte[] bytes = entries.read(name);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not UTF-8 text", e);
    }
    if (PictureFiles.ending(name).equals("json")) {
      text = DataJson.text(JsonMapper.shared().readTree(text), "caption");
    }
    if (text.isBlank()) {
      throw new IllegalArgumentException("the caption is empty");
    }
    return text.strip();
  }

  @Override
  public void close() throws IOException {
    entries.close();
  }
}
