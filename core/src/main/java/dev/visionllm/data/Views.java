package dev.visionllm.data;

import dev.visionllm.data.CocoDataset.Annotation;
import dev.visionllm.data.CocoDataset.Picture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** The pictures of a data set that samples can be made of. */
final class Views {
  private static final double LEAST_SHARE = 0.06; // of the picture's shorter side, longer side
  private static final int LEAST_SIDE = 8; // pixels likewise

  /**
   * One picture.
   *
   * @param clear objects that are large enough to be marked, by category
   * @param all every object, crowds too
   */
  record View(Picture picture, Map<Long, List<Annotation>> clear, List<Annotation> all) {
    /** Objects of a class. */
    List<Annotation> of(long category) {
      return all.stream().filter(a -> a.categoryId() == category).toList();
    }
  }

  /** Those with something to mark. */
  private final List<View> views = new ArrayList<>();

  /** Those with something to mark of a class, and no crowds of it; classes in two or more. */
  private final Map<Long, List<View>> byClass = new TreeMap<>();

  private final List<Long> classes;

  /**
   * @throws IllegalArgumentException if there are too few for examples
   */
  Views(CocoDataset data, Path file) {
    Map<Long, List<Annotation>> objects = data.byPicture();
    for (Picture p : data.pictures()) {
      Map<Long, List<Annotation>> clear = new LinkedHashMap<>();
      for (Annotation a : objects.get(p.id())) {
        if (isClear(a, p)) {
          clear.computeIfAbsent(a.categoryId(), c -> new ArrayList<>()).add(a);
        }
      }
      View view = new View(p, clear, objects.get(p.id()));
      if (!clear.isEmpty()) views.add(view);
      for (long category : clear.keySet()) {
        if (view.of(category).stream().noneMatch(Annotation::crowd)) {
          byClass.computeIfAbsent(category, c -> new ArrayList<>()).add(view);
        }
      }
    }
    byClass.values().removeIf(l -> l.size() < 2);
    classes = List.copyOf(byClass.keySet());
    if (views.size() < 2 || classes.isEmpty()) {
      throw new IllegalArgumentException(
          file
              + " has "
              + views.size()
              + (views.size() == 1 ? " picture" : " pictures")
              + " with objects that are large enough to be marked, and "
              + classes.size()
              + " classes with such objects in two or more: expected at least 2 pictures that"
              + " share a class");
    }
  }

  private static boolean isClear(Annotation a, Picture p) {
    double side = Math.max(a.box().width(), a.box().height());
    double least = Math.max(LEAST_SIDE, LEAST_SHARE * Math.min(p.width(), p.height()));
    return !a.crowd() && side >= least && Math.min(a.box().width(), a.box().height()) >= 2;
  }

  /** One of the classes that are in several pictures. */
  long category(RandomGenerator random) {
    return classes.get(random.nextInt(classes.size()));
  }

  /** From least to most different pictures; fewer if there are no more. */
  List<View> some(int least, int most, RandomGenerator random) {
    return some(views, least, most, random);
  }

  /** The same of pictures that show a class. */
  List<View> some(long category, int least, int most, RandomGenerator random) {
    return some(byClass.get(category), least, most, random);
  }

  private static List<View> some(List<View> of, int least, int most, RandomGenerator random) {
    int n = random.nextInt(least, Math.min(most, of.size()) + 1);
    Set<Integer> chosen = new LinkedHashSet<>();
    while (chosen.size() < n) chosen.add(random.nextInt(of.size()));
    return chosen.stream().map(of::get).toList();
  }
}
