"""The report: one HTML page that shows the organization, from plain data.

model      the data
findings   from changes, results of components and summaries of roll-outs to the rows of the model
runs       from the history of an execution to the time in each state
doors      who enters which account, as declared
compare    what is otherwise than in the last report
page       the data as one file of HTML, and back

Nothing here talks to AWS, and no function imports it but the one that summarizes a roll-out, when it has done so.
"""
