"""From a graph to a page of marks: view model, style, layout, drawing."""
