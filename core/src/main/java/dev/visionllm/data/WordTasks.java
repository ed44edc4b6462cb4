package dev.visionllm.data;

import java.util.List;
import java.util.Map;

/** Questions about a scene that are answered in words. */
final class WordTasks {
  private final Talk talk;

  WordTasks(Talk talk) {
    this.talk = talk;
  }

  void caption() {
    Map<String, String> values = Map.of("objects", talk.objects(""));
    talk.say(
        Task.CAPTION,
        talk.shown().isEmpty() ? "empty" : "",
        values,
        String.join(", ", talk.shown()));
  }

  /**
   * @param extraYes chance of a second question about something that is there
   */
  void existence(double extraYes) {
    List<String> shown = talk.shown();
    int yes = shown.isEmpty() ? 0 : talk.random().nextDouble() < extraYes ? 2 : 1;
    for (int i = 0; i < yes; i++)
      talk.say(Task.EXISTENCE, "yes", talk.values(Draw.any(shown, talk.random())), "yes");
    if (!talk.absent().isEmpty())
      talk.say(Task.EXISTENCE, "no", talk.values(talk.absentClass()), "no");
  }

  void colour() {
    talk.single().stream()
        .filter(n -> talk.thing(n).colour() != null)
        .limit(2)
        .forEach(n -> answered(Task.COLOUR, n, talk.thing(n).colour().word()));
  }

  void position() {
    talk.single().stream()
        .filter(n -> place(n).clear())
        .limit(2)
        .forEach(n -> answered(Task.POSITION, n, place(n).words()));
  }

  private Place place(String name) {
    return Place.of(talk.scene(), talk.thing(name));
  }

  private void answered(Task task, String name, String answer) {
    Map<String, String> values = talk.values(name);
    values.put("answer", answer);
    talk.say(task, "", values, answer);
  }

  void relation() {
    List<String> once = talk.single();
    for (int i = 0; i < once.size(); i++) {
      for (int j = i + 1; j < once.size(); j++)
        if (relation(talk.thing(once.get(i)), talk.thing(once.get(j)))) return;
    }
  }

  /** Asks for the main direction or its opposite, if the two are well apart. */
  private boolean relation(Scene.Thing a, Scene.Thing b) {
    Relation main = Relation.main(talk.scene(), a, b).orElse(null);
    if (main == null) return false;
    boolean yes = talk.random().nextBoolean();
    Map<String, String> values = talk.values(a.name());
    values.put("other", b.name());
    values.put("relation", (yes ? main : main.opposite()).words());
    String answer = yes ? "yes" : "no";
    talk.say(Task.RELATION, answer, values, answer);
    return true;
  }

  void negative() {
    if (talk.absent().isEmpty() || talk.random().nextInt(3) > 0) return;
    talk.say(Task.NEGATIVE, "", talk.values(talk.absentClass()), "none");
  }
}
