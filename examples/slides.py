"""One figure in the form that each slide program takes; the files go where you stand.

python examples/slides.py
"""

import backviz

loss = backviz.load("@karpathy-neuron")
loss.backward()

for name, style in {
    "neuron-slide.svg": {"size": "slide"},  # PowerPoint, reveal.js, Quarto, Typst, Marp
    "neuron-slide.png": {"size": "slide", "theme": "dark"},  # Google Slides, Keynote
    "neuron-beamer.pdf": {"size": "beamer"},  # Beamer, Keynote
    "neuron-half.png": {"size": "half", "transparent": True},  # beside a text
    "neuron-paper.pdf": {"size": "paper", "text": "keep"},  # a paper, with searchable text
}.items():
    print("wrote", backviz.save(loss, name, **style))
