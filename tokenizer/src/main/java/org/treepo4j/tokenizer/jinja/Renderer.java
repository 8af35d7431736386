package org.treepo4j.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Carries statements out. For one rendering. */
final class Renderer {
  private final Evaluator evaluator;
  private final Budget budget;
  private StringBuilder out = new StringBuilder();

  /** How a body ended. */
  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  Renderer(Budget budget) {
    this.budget = budget;
    this.evaluator = new Evaluator(budget);
  }

  Evaluator evaluator() {
    return evaluator;
  }

  /** What a body writes, kept apart from the output. */
  String capture(List<Stmt> body, Scope scope) {
    StringBuilder outer = out;
    out = new StringBuilder();
    budget.enter();
    try {
      run(body, scope);
      return out.toString();
    } finally {
      budget.leave();
      out = outer;
    }
  }

  private void write(String text) {
    budget.reserveText(out.length(), text.length());
    out.append(text);
  }

  private Flow run(List<Stmt> statements, Scope scope) {
    for (Stmt statement : statements) {
      Flow flow = run(statement, scope);
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow run(Stmt statement, Scope scope) {
    if (statement instanceof Stmt.Data data) {
      write(data.text());
    } else if (statement instanceof Stmt.Output output) {
      write(PythonText.str(evaluator.evaluate(output.value(), scope)));
    } else if (statement instanceof Stmt.If branch) {
      return runIf(branch, scope);
    } else if (statement instanceof Stmt.For loop) {
      return runFor(loop, scope);
    } else if (statement instanceof Stmt.Set set) {
      assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
    } else if (statement instanceof Stmt.SetBlock set) {
      String text = capture(set.body(), new Scope(scope));
      assign(set.target(), evaluator.filterBlock(set.filter(), text, scope), scope);
    } else if (statement instanceof Stmt.MacroDefinition macro) {
      scope.set(macro.name(), new Macro(macro, scope, this));
    } else if (statement instanceof Stmt.CallBlock call) {
      runCall(call, scope);
    } else if (statement instanceof Stmt.FilterBlock filter) {
      String text = capture(filter.body(), new Scope(scope));
      write(PythonText.str(evaluator.filterBlock(filter.filter(), text, scope)));
    } else if (statement instanceof Stmt.With with) {
      Scope inner = new Scope(scope);
      for (int i = 0; i < with.targets().size(); i++) {
        assign(with.targets().get(i), evaluator.evaluate(with.values().get(i), scope), inner);
      }
      return run(with.body(), inner);
    } else if (statement instanceof Stmt.Scoped scoped) {
      return run(scoped.body(), new Scope(scope));
    } else if (statement instanceof Stmt.Break) {
      return Flow.BREAK;
    } else if (statement instanceof Stmt.Continue) {
      return Flow.CONTINUE;
    }
    return Flow.ON;
  }

  private Flow runIf(Stmt.If branch, Scope scope) {
    for (int i = 0; i < branch.tests().size(); i++) {
      if (Values.truth(evaluator.evaluate(branch.tests().get(i), scope))) {
        return run(branch.bodies().get(i), scope);
      }
    }
    return run(branch.otherwise(), scope);
  }

  private Flow runFor(Stmt.For loop, Scope scope) {
    Object iterable = evaluator.evaluate(loop.iterable(), scope);
    return runFor(loop, scope, iterable, 0);
  }

  private Flow runFor(Stmt.For loop, Scope scope, Object iterable, int depth) {
    List<Object> items = new ArrayList<>();
    for (Iterator<Object> all = Values.iterate(iterable); all.hasNext(); ) {
      budget.step();
      Object item = all.next();
      if (loop.filter() != null) {
        Scope testing = new Scope(scope);
        assign(loop.target(), item, testing);
        if (!Values.truth(evaluator.evaluate(loop.filter(), testing))) {
          continue;
        }
      }
      items.add(item);
    }
    Values.Function recursion = null;
    if (loop.recursive()) {
      recursion = arguments -> recurse(loop, scope, arguments.required(0, "iterable"), depth + 1);
    }
    LoopContext context = new LoopContext(items, depth, recursion);
    while (context.advance()) {
      budget.step();
      Scope inner = new Scope(scope);
      inner.set("loop", context);
      assign(loop.target(), context.item(), inner);
      if (run(loop.body(), inner) == Flow.BREAK) {
        break;
      }
    }
    return items.isEmpty() ? run(loop.otherwise(), new Scope(scope)) : Flow.ON;
  }

  private String recurse(Stmt.For loop, Scope scope, Object iterable, int depth) {
    StringBuilder outer = out;
    out = new StringBuilder();
    budget.enter();
    try {
      runFor(loop, scope, iterable, depth);
      return out.toString();
    } finally {
      budget.leave();
      out = outer;
    }
  }

  private void runCall(Stmt.CallBlock call, Scope scope) {
    Stmt.MacroDefinition body = new Stmt.MacroDefinition("caller", call.signature(), call.body());
    Object function = evaluator.evaluate(call.call().function(), scope);
    Arguments given = evaluator.arguments(call.call().arguments(), scope);
    java.util.Map<String, Object> named = new java.util.LinkedHashMap<>(given.named());
    named.put("caller", new Macro(body, scope, this));
    Object text = evaluator.call(function, new Arguments(given.positional(), named));
    write(PythonText.str(text));
  }

  private static void assign(Stmt.Target target, Object value, Scope scope) {
    if (target instanceof Stmt.Target.Variable variable) {
      scope.set(variable.name(), value);
    } else if (target instanceof Stmt.Target.NamespaceAttribute attribute) {
      if (!(scope.get(attribute.namespace()) instanceof Values.Namespace namespace)) {
        throw JinjaException.of(
            "TemplateRuntimeError", "cannot assign attribute on non-namespace object");
      }
      namespace.attributes.put(attribute.attribute(), value);
    } else if (target instanceof Stmt.Target.Several several) {
      List<Object> items = new ArrayList<>();
      Values.iterate(value).forEachRemaining(items::add);
      int wanted = several.targets().size();
      if (items.size() != wanted) {
        throw JinjaException.value(
            items.size() > wanted
                ? "too many values to unpack (expected " + wanted + ")"
                : "not enough values to unpack (expected "
                    + wanted
                    + ", got "
                    + items.size()
                    + ")");
      }
      for (int i = 0; i < wanted; i++) {
        assign(several.targets().get(i), items.get(i), scope);
      }
    }
  }
}
