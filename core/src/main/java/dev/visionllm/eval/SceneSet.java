package dev.visionllm.eval;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.data.Dialogue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Annotated pictures, in the order of their file.
 *
 * @param classes names by category id, each name once, by ascending id
 * @param elsewhere conversations about no picture or about pictures without annotations
 */
record SceneSet(List<Picture> pictures, Map<Long, String> classes, List<Question> elsewhere) {

  /** One picture, the objects in it and the conversations about it. */
  record Picture(
      long id, Path file, List<CocoDataset.Annotation> objects, List<Dialogue> dialogues) {
    /** Keeps copies. */
    Picture {
      objects = List.copyOf(objects);
      dialogues = List.copyOf(dialogues);
    }
  }

  /** Checks that a name stands for one class. */
  SceneSet {
    pictures = List.copyOf(pictures);
    classes = Collections.unmodifiableMap(new TreeMap<>(classes));
    elsewhere = List.copyOf(elsewhere);
    if (classes.values().stream().distinct().count() < classes.size()) {
      throw new IllegalArgumentException(
          "two categories have the same name: names must differ, since models are asked by name");
    }
  }

  /** The first pictures of a data set and what is said about them. */
  static SceneSet of(DataFolder data, CocoDataset coco, List<Dialogue> talk) {
    var about = new LinkedHashMap<Path, List<Dialogue>>();
    coco.pictures().forEach(p -> about.put(data.picture(p.file()), new ArrayList<>()));
    var elsewhere = new ArrayList<Question>();
    for (var d : talk) {
      var files = d.images().stream().map(data::picture).toList();
      var here = files.size() == 1 ? about.get(files.get(0)) : null;
      if (here == null) {
        elsewhere.add(new Question(d, files, null));
      } else {
        here.add(d);
      }
    }
    var objects = coco.byPicture();
    var pictures = new ArrayList<Picture>();
    for (var p : data.first(coco.pictures())) {
      Path file = data.picture(p.file());
      pictures.add(new Picture(p.id(), file, objects.get(p.id()), about.get(file)));
    }
    return new SceneSet(pictures, coco.names(), data.first(elsewhere));
  }

  /** Category ids by class name. */
  Map<String, Long> ids() {
    var ids = new HashMap<String, Long>();
    classes.forEach((id, name) -> ids.put(name, id));
    return ids;
  }

  /** The classes that are in a picture. */
  List<String> present(Picture picture) {
    return picture.objects().stream().map(o -> classes.get(o.categoryId())).distinct().toList();
  }

  /** The classes that a picture is searched for: those shown and absent ones up to a number. */
  List<String> named(Picture picture, int most) {
    var present = present(picture);
    return named(picture.id(), present, absent(present), most);
  }

  /** Absent classes that a picture is searched for. */
  List<String> absent(Picture picture, int most) {
    return named(picture.id(), List.of(), absent(present(picture)), most);
  }

  private List<String> absent(List<String> present) {
    var absent = new ArrayList<>(classes.values());
    absent.removeAll(present);
    return absent;
  }

  /**
   * A choice of names, in any order.
   *
   * @param id of the picture; for one picture the choice is always the same
   * @param always names that are in it
   * @param others names that fill it up to the number
   */
  static List<String> named(long id, List<String> always, Collection<String> others, int most) {
    var rest = new ArrayList<>(new TreeSet<>(others));
    var random = new Random(id);
    Collections.shuffle(rest, random);
    var names = new ArrayList<>(always);
    names.addAll(rest.subList(0, Math.max(0, Math.min(rest.size(), most - names.size()))));
    Collections.shuffle(names, random);
    return names;
  }
}
