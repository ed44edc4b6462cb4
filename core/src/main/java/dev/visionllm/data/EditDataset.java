package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Pictures before and after an instruction, in the layout of InstructPix2Pix (Brooks et al. 2023):
 * seeds.json lists folders with their seeds; FOLDER/prompt.json has the texts, FOLDER/SEED_0.png
 * and SEED_1.png (or .jpg) are the pictures. Ours: SEED_mask.png is white where the change is. Only
 * seeds.json is read at once.
 */
public final class EditDataset {
  private static final String LIST = "seeds.json";

  /** One pair of pictures. */
  public record Sample(String folder, String seed) {
    /** Its place in the list: "folder/seed". */
    public String at() {
      return folder + "/" + seed;
    }
  }

  /**
   * What a sample holds.
   *
   * @param mask where the change is; null if the data does not say
   * @param input caption of the picture before
   * @param instruction how to change it
   * @param output caption of the picture after
   * @param change what was changed, as an object of the data's own; null if it does not say
   */
  public record Edit(
      Path before,
      Path after,
      Path mask,
      String input,
      String instruction,
      String output,
      JsonNode change) {}

  private final Path folder;
  private final List<Sample> samples;

  private EditDataset(Path folder, List<Sample> samples) {
    this.folder = folder;
    this.samples = samples;
  }

  /**
   * Reads the list of a folder.
   *
   * @throws BrokenSample if an entry of the list is not of the format and problems are refused
   */
  public static EditDataset open(Path folder, Problems problems) throws IOException {
    Path list = folder.resolve(LIST);
    List<Sample> samples = new ArrayList<>();
    Set<Sample> known = new HashSet<>();
    JsonStream.root(
        list,
        problems,
        (n, i) -> {
          String name = n.path(0).asString("");
          JsonNode seeds = n.path(1);
          boolean form = n.size() == 2 && !name.isBlank() && seeds.isArray() && !seeds.isEmpty();
          boolean whole =
              form && seeds.valueStream().allMatch(s -> s.isIntegralNumber() || s.isString());
          if (!whole) {
            problems.add(
                list, "[" + i + "]", "not of the form [folder, [seed, ...]]: " + DataJson.show(n));
            return;
          }
          for (JsonNode seed : seeds) {
            Sample sample = new Sample(name, seed.asString());
            problems.take(
                list,
                "[" + i + "] (" + sample.at() + ")",
                () -> {
                  PictureFiles.below(folder, sample.at());
                  if (!known.add(sample)) {
                    throw new IllegalArgumentException("repeats a folder and seed");
                  }
                  samples.add(sample);
                });
          }
        });
    return new EditDataset(folder, List.copyOf(samples));
  }

  /** All of them, in the order of the list. */
  public List<Sample> samples() {
    return samples;
  }

  /**
   * Reads a sample's texts and finds its pictures.
   *
   * @throws BrokenSample if a text or a picture is missing
   */
  public Edit read(Sample sample) {
    return BrokenSample.located(
        folder,
        sample.at(),
        () -> {
          Path home = folder.resolve(sample.folder());
          JsonNode prompt;
          try (var in = Files.newInputStream(home.resolve("prompt.json"))) {
            prompt = JsonMapper.shared().readTree(in);
          }
          DataJson.object(prompt);
          return new Edit(
              picture(home, sample.seed() + "_0"),
              picture(home, sample.seed() + "_1"),
              PictureFiles.named(home, sample.seed() + "_mask"),
              DataJson.text(prompt, "input"),
              DataJson.text(prompt, "edit"),
              DataJson.text(prompt, "output"),
              prompt.get("change"));
        });
  }

  private static Path picture(Path home, String name) {
    Path picture = PictureFiles.named(home, name);
    if (picture == null) {
      throw new IllegalArgumentException("there is no picture " + name + ".png or .jpg in " + home);
    }
    return picture;
  }
}
