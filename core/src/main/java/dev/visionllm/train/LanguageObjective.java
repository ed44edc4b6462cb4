package dev.visionllm.train;

import dev.visionllm.data.Dialogue;
import dev.visionllm.link.Route;
import dev.visionllm.loss.LanguageLoss;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.nn.F;
import dev.visionllm.tensor.Tensors;
import dev.visionllm.text.Labels;
import dev.visionllm.vlm.Inputs;
import dev.visionllm.vlm.Multimodal;
import dev.visionllm.vlm.Preprocess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Next-token loss on the assistant's words (paper 3.3), super-link positions ignored; and, while
 * the detector is trained apart, a pull of the super-link states towards the codes of the names
 * that they stand for.
 */
final class LanguageObjective implements Objective<List<Packer.Row>> {
  private final Corpus corpus;
  private final Preprocess preprocess;
  private final Multimodal model;
  private final Packer packer;
  private final Recipe recipe;

  LanguageObjective(Corpus corpus, Preprocess preprocess, Multimodal model, Recipe recipe) {
    this.corpus = corpus;
    this.preprocess = preprocess;
    this.model = model;
    this.recipe = recipe;
    this.packer = new Packer(preprocess, model.links(), recipe.tokens());
  }

  @Override
  public List<String> parts() {
    return List.of("language", "link");
  }

  @Override
  public List<Packer.Row> load(List<Integer> pictures, RandomGenerator random) {
    List<Packer.Row> rows = new ArrayList<>();
    for (int number : pictures) {
      Corpus.Picture p = corpus.pictures().get(number);
      List<Dialogue> chosen = chosen(p.dialogues(), random);
      chosen = chosen.subList(0, Math.min(recipe.dialogues(), chosen.size()));
      rows.add(packer.pack(Pictures.read(p), chosen, model.config().tokensPerTile()));
    }
    return rows;
  }

  /** The picture's conversations by the recipe's shares, shuffled; all if that leaves none. */
  private List<Dialogue> chosen(List<Dialogue> all, RandomGenerator random) {
    List<Dialogue> chosen = new ArrayList<>();
    for (Dialogue d : all) {
      if (random.nextDouble() < recipe.shares().getOrDefault(d.task(), 1.0)) {
        chosen.add(d);
      }
    }
    if (chosen.isEmpty()) {
      chosen.addAll(all);
    }
    Collections.shuffle(chosen, new Random(random.nextLong()));
    return chosen;
  }

  @Override
  public Map<String, Tensor> losses(List<Packer.Row> rows, RandomGenerator random) {
    List<Inputs> inputs = rows.stream().map(Packer.Row::inputs).toList();
    Multimodal.Embedded e = model.embed(inputs, random);
    int t = (int) e.embeddings().size(1);
    int[][] segments = rows.stream().map(r -> wide(r.segments(), t, -1)).toArray(int[][]::new);
    Tensor hidden =
        model
            .llm()
            .forward(
                e.embeddings(), Masks.segmentPositions(segments), Masks.segments(segments), null);
    long[] labels = new long[rows.size() * t];
    for (int i = 0; i < rows.size(); i++) {
      int[] wide = wide(rows.get(i).labels(), t, Labels.IGNORE);
      for (int j = 0; j < t; j++) {
        labels[i * t + j] = wide[j];
      }
    }
    Map<String, Tensor> losses = new LinkedHashMap<>();
    losses.put(
        "language",
        LanguageLoss.ofHidden(hidden, model.llm().head(), Tensors.of(labels, rows.size(), t)));
    if (recipe.link() > 0 && !e.slots().isEmpty()) {
      losses.put(
          "link", F.scale(link(rows, model.links().collect(hidden, e.slots())), recipe.link()));
    }
    return losses;
  }

  private Tensor link(List<Packer.Row> rows, List<Route> routes) {
    List<Tensor> states = new ArrayList<>();
    List<float[]> codes = new ArrayList<>();
    int q = model.config().queries();
    int d = model.config().llm().hidden();
    for (Route r : routes) {
      List<String> names = rows.get(r.row()).names();
      if (names.size() != r.slots().size()) {
        throw new IllegalArgumentException(
            "row " + r.row() + " calls " + r.slots().size() + " tools but names " + names);
      }
      states.add(r.queries());
      names.forEach(n -> codes.add(LinkCodes.of(n, q, d)));
    }
    float[] flat = new float[codes.size() * q * d];
    for (int i = 0; i < codes.size(); i++) {
      System.arraycopy(codes.get(i), 0, flat, i * q * d, q * d);
    }
    return F.cat(0, states).sub(Tensors.of(flat, codes.size(), q, d)).square().mean();
  }

  private static int[] wide(int[] row, int t, int fill) {
    int[] out = Arrays.copyOf(row, t);
    Arrays.fill(out, row.length, t, fill);
    return out;
  }
}
