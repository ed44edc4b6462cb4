package dev.visionllm.eval;

import dev.visionllm.data.CaptionDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.result.Detection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Pictures made of captions (captions.json), the first of each picture that names classes of
 * instances.json; seeds are the captions' ids. The model's own detector looks for these classes;
 * what it finds in the picture that the caption was written for says how well that can go.
 */
record GenerationSuite(List<Item> all) implements Suites.Evaluation {

  /** A caption, the classes that it names, and the picture that it was written for. */
  record Item(long id, String caption, Set<String> objects, Path real) {}

  GenerationSuite(DataFolder data) throws IOException {
    this(items(data));
  }

  private static List<Item> items(DataFolder data) throws IOException {
    var captions = CaptionDataset.read(data.require("captions.json"), Problems.refuse());
    var names = new Names(data.instances().names().values());
    var files = new HashMap<Long, String>();
    captions.pictures().forEach(p -> files.put(p.id(), p.file()));
    var seen = new HashSet<Long>();
    var out = new ArrayList<Item>();
    for (var c : captions.captions()) {
      var objects = names.in(c.text());
      if (!objects.isEmpty() && seen.add(c.pictureId())) {
        out.add(new Item(c.id(), c.text(), objects, data.picture(files.get(c.pictureId()))));
      }
    }
    return data.first(out);
  }

  @Override
  public String unit() {
    return "captions";
  }

  @Override
  public int items() {
    return all.size();
  }

  @Override
  public Scores run(Suites.Subject subject, Suites.Settings settings, Suites.Progress progress)
      throws IOException {
    int complete = 0, found = 0, named = 0, possible = 0, called = 0, done = 0;
    for (var item : all) {
      Raster made = subject.generate(item.caption, item.id, settings.steps());
      int n = found(subject, made, item);
      complete += n == item.objects.size() ? 1 : 0;
      found += n;
      named += item.objects.size();
      possible += found(subject, ImageFiles.read(item.real), item) == item.objects.size() ? 1 : 0;
      called += FreeRequest.GENERATION.called(subject, item.caption, List.of(), item.id) ? 1 : 0;
      progress.at(++done);
    }
    var rows = new LinkedHashMap<String, Double>();
    rows.put("pictures with all named objects", (double) complete / all.size());
    rows.put("named objects found", (double) found / named);
    rows.put("real pictures with all named objects", (double) possible / all.size());
    rows.put(FreeRequest.GENERATION.row(), (double) called / all.size());
    rows.put("named objects", (double) named);
    rows.put("captions", (double) all.size());
    return new Suites.Rows(rows);
  }

  /** How many of the named classes the detector finds. */
  private static int found(Suites.Subject subject, Raster picture, Item item) {
    return subject.detect(picture, List.copyOf(item.objects), subject.threshold()).stream()
        .map(Detection::label)
        .collect(Collectors.toSet())
        .size();
  }
}
