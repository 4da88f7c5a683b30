def handle(event, context):
    import greeting

    return greeting.text(event["name"])
