package dev.visionllm.eval;

import dev.visionllm.data.IndexMapDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.geometry.LabelMap;
import dev.visionllm.image.ImageFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The object that stands out, against the maps in saliency/ (DUTS' format): the model is asked for
 * the foreground, as the reference asks, and its best mask counts; finding nothing is an empty map.
 */
record SaliencySuite(IndexMapDataset dataset, List<IndexMapDataset.Sample> samples)
    implements Suites.Evaluation {
  private static final String ASKED = "foreground"; // datasets/sod_llava.py
  private static final int WHITE = 255;

  SaliencySuite(DataFolder data) throws IOException {
    this(
        data,
        IndexMapDataset.open(
            data.require("saliency"),
            data.require("images"),
            IndexMapDataset.Values.SALIENCY,
            0,
            Problems.refuse()));
  }

  private SaliencySuite(DataFolder data, IndexMapDataset dataset) {
    this(dataset, data.first(dataset.samples()));
  }

  @Override
  public String unit() {
    return "pictures";
  }

  @Override
  public int items() {
    return samples.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    var all = new ArrayList<SaliencyScores.Report>();
    for (var sample : samples) {
      var raster = ImageFiles.read(sample.picture());
      LabelMap truth = Truths.map(dataset, sample, raster);
      var found = subject.segment(raster, List.of(ASKED));
      var guess = new int[truth.width() * truth.height()];
      if (!found.isEmpty()) {
        var bits = found.get(0).mask().bits();
        for (int i = 0; i < guess.length; i++) {
          guess[i] = bits[i] ? WHITE : 0;
        }
      }
      all.add(SaliencyScores.of(truth.width(), guess, truth.mask(0).bits()));
      progress.at(all.size());
    }
    return SaliencyScores.mean(all);
  }
}
