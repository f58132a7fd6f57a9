"""The closed word lists behind the stylistic features: who speaks, how surely, and with which turns of phrase.

They hold manner only. What a text *claims* (numbers, negations, comparisons) is the business of the manipulation check.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any_of(phrases: str) -> re.Pattern[str]:
    """Return a pattern that matches any of the phrases, which are separated by ``|`` and match as whole words."""
    alternatives = sorted((" ".join(p.split()) for p in phrases.split("|")), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, alternatives)) + r")\b")


FUNCTION_WORDS = _words(
    """
    a an the this that these those there here it its itself he him his himself she her hers herself they them their
    theirs themselves we us our ours ourselves i me my mine myself you your yours yourself yourselves one who whom whose
    which what when where why how and or but nor so yet if then else than as while whereas because since until unless
    though although whether is are was were be been being am do does did done doing have has had having will would shall
    should can could may might must ought of in on at by for with about against between among into onto through during
    before after above below to from up down out off over under again further near per via within upon across along
    around behind beside besides beyond despite toward towards not no never none all any both each few more most other
    another some such only own same too very just also even still already ever much many several every either neither
    """
)

HEDGES = _any_of(
    "perhaps|maybe|possibly|probably|presumably|apparently|arguably|seemingly|supposedly|allegedly|conceivably|i think|"
    "i believe|i guess|i suppose|i suspect|i would say|it seems|it appears|as far as i know|as far as i can tell|"
    "to my knowledge|to the best of my knowledge|if i am not mistaken|if i remember correctly|i may be wrong|"
    "i might be wrong|i could be wrong|i may be mistaken|i might be mistaken|i could be mistaken|not entirely sure|"
    "not entirely certain|not completely sure|not completely certain|not sure|not certain|tentative|tentatively|"
    "with some caution|take this with|double-check|worth checking|worth verifying"
)
BOOSTERS = _any_of(
    "certainly|definitely|undoubtedly|undeniably|unquestionably|indisputably|obviously|clearly|evidently|surely|"
    "indeed|absolutely|without doubt|without a doubt|without question|beyond doubt|beyond question|no doubt|"
    "no question|of course|in fact|rest assured|make no mistake|needless to say|i am certain|i am confident|"
    "with confidence|with full confidence|with certainty|to be precise|to be exact|strictly speaking|precisely|"
    "well established|beyond dispute"
)
PRECISION = _any_of(
    "precisely|exactly|strictly|formally|properly|technically|to be precise|to be exact|in precise terms|"
    "in formal terms|"
    "in technical terms|in strict terms|in exact terms|speaking|stated|to put it|to state it|to speak|defined as|namely"
)
CONNECTIVES = _any_of(
    "moreover|furthermore|additionally|in addition|besides|likewise|similarly|what is more|on top of that|"
    "added to this|to add to this|to add a point|"
    "consequently|therefore|thus|hence|accordingly|as a result|however|nevertheless|nonetheless|in contrast|"
    "by contrast|on the other hand|for example|for instance|in particular|in conclusion|in summary|to sum up|overall|"
    "first of all|firstly|secondly|thirdly|in other words|that is to say|by the same token"
)
COURTESY = _any_of(
    "great question|good question|excellent question|wonderful question|interesting question|thoughtful question|"
    "thank you|thanks|happy to|glad to|glad you|delighted to|pleased to|pleasure|welcome|"
    "please|feel free|let me know|i hope|hope this|hope that|helps|of help|do not hesitate|don't hesitate|"
    "any questions|more questions|further questions|anything else|follow up|here to help|kindly|certainly|sure|"
    "appreciate|best wishes|good luck|happy learning|enjoy|asking"
)
META_DISCOURSE = _any_of(
    "it is worth|it's worth|worth noting|worth mentioning|note that|keep in mind|bear in mind|in mind|let us|let's|"
    "as mentioned|as noted|as stated|as described|the question|this question|your question|the answer|this answer|"
    "the following|what follows|above|below|the points|the point|key point|key points|in short|in brief|in a nutshell|"
    "to begin with|to start|next|before we|now that|with that|at this point|look at|looking at|consider|overview|"
    "summary|recap|takeaway|the topic|this topic|the subject|the details|in detail|step by step|put simply|"
    "simply put|to put it|you asked|asked about|when it comes to|turning to|background|context|explanation"
)
CASUAL = _any_of(
    "yeah|yep|nope|okay|ok|hey|hi|wow|cool|awesome|stuff|kinda|sorta|gonna|wanna|gotta|lots|a lot|a bunch|pretty|"
    "totally|super|basically|actually|honestly|anyway|guys|folks|kids|you know|i mean|sort of|kind of|by the way|"
    "well|so|thing|things|big|get|gets|got|look|right"
)
